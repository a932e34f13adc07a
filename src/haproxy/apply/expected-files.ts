import type { DesiredState } from '../../model/desired-state.ts'
import { loadedCertificates } from '../diff/loaded-certificates.ts'
import { readPatternFile } from '../diff/map-file.ts'
import { parseAcl, showAclCommand } from '../runtime/acls.ts'
import {
  fingerprintsOf,
  parseFingerprints,
  showAuthoritiesCommand,
  showCertificateCommand,
} from '../runtime/certificates.ts'
import { parseCrtList, showCrtListCommand } from '../runtime/crt-lists.ts'
import { parseMap, parseMapFile, showMapCommand } from '../runtime/maps.ts'
import type { MapEntry } from '../runtime/maps.ts'
import { splitCommand } from '../runtime/words.ts'
import type { Expectation } from './expectation.ts'

/** What is read back of one file, and how it must be. */
type Question = {
  readonly command: string
  /** The first difference, for people. */
  readonly check: (reply: string) => string | undefined
}

/** What commands about maps, ACLs, certificates and crt-lists should have led to: the wanted files. */
export function fileExpectationOf(commands: readonly string[], desired: DesiredState): Expectation {
  const questions = new Map<string, Question>()
  for (const command of commands) {
    const question = questionOf(splitCommand(command), desired)
    // Of a map that is replaced the last command, `commit`, says how exact it must be.
    if (question !== undefined) questions.set(question.command, question)
  }
  const asked = [...questions.values()]
  return {
    questions: asked.map(({ command }) => command),
    check(replies) {
      for (const [index, { check }] of asked.entries()) {
        const difference = check(replies[index] ?? '')
        if (difference !== undefined) return difference
      }
      return undefined
    },
    update() {
      // The files are known by what was wanted.
    },
  }
}

function questionOf(words: readonly string[], desired: DesiredState): Question | undefined {
  const [verb = '', noun = '', ...rest] = words
  const path = (rest[0]?.startsWith('@') === true ? rest[1] : rest[0]) ?? ''
  const content = desired.files.get(path) ?? ''
  if (noun === 'map') return mapQuestion(path, content, verb === 'commit')
  if (noun === 'acl') return aclQuestion(path, content)
  if (noun !== 'ssl') return undefined
  const [kind, name = ''] = rest
  const pem = desired.files.get(name) ?? ''
  if (kind === 'cert' && verb === 'commit') return certificateQuestion(name, pem)
  if (kind === 'ca-file' && verb === 'commit') return authoritiesQuestion(name, pem)
  return kind === 'crt-list' ? listQuestion(name, desired) : undefined
}

function mapQuestion(path: string, content: string, isReplaced: boolean): Question {
  const entries = parseMapFile(content)
  return {
    command: showMapCommand(path),
    check(reply) {
      const read = parseMap(reply) ?? []
      return (
        compareValues(path, entries, read) ??
        (isReplaced ? compareOrder(path, entries, read) : undefined)
      )
    },
  }
}

function compareValues(
  path: string,
  entries: readonly MapEntry[],
  read: readonly MapEntry[],
): string | undefined {
  const [want, is] = [firstValues(entries), firstValues(read)]
  for (const [key, value] of want) {
    if (is.get(key) !== value)
      return `map ${path}: ${key} is ${is.get(key) ?? 'missing'}, not ${value}`
  }
  for (const key of is.keys()) if (!want.has(key)) return `map ${path}: ${key} is still there`
  return undefined
}

/** Of several entries with one key HAProxy uses the first. */
function firstValues(entries: readonly MapEntry[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const { key, value } of entries) if (!values.has(key)) values.set(key, value)
  return values
}

function compareOrder(
  path: string,
  entries: readonly MapEntry[],
  read: readonly MapEntry[],
): string | undefined {
  const isSame =
    entries.length === read.length && entries.every(({ key }, index) => key === read[index]?.key)
  return isSame ? undefined : `map ${path}: its entries stand in another order`
}

function aclQuestion(path: string, content: string): Question {
  const want = new Set(readPatternFile(content))
  return {
    command: showAclCommand(path),
    check(reply) {
      const is = new Set(parseAcl(reply))
      for (const pattern of want) if (!is.has(pattern)) return `acl ${path}: ${pattern} is missing`
      for (const pattern of is)
        if (!want.has(pattern)) return `acl ${path}: ${pattern} is still there`
      return undefined
    },
  }
}

function certificateQuestion(path: string, pem: string): Question {
  return {
    command: showCertificateCommand(path),
    check(reply) {
      // The first one is the certificate itself, the others its chain.
      const [want, is] = [fingerprintsOf(pem)?.[0], parseFingerprints(reply)?.[0]]
      return want === is ? undefined : `certificate ${path} is ${is ?? 'missing'}, not ${want}`
    },
  }
}

function authoritiesQuestion(path: string, pem: string): Question {
  return {
    command: showAuthoritiesCommand(path),
    check(reply) {
      const [want, is] = [fingerprintsOf(pem), parseFingerprints(reply)]
      const isSame = want?.toSorted().join(' ') === is?.toSorted().join(' ')
      return isSame ? undefined : `ca-file ${path} holds other certificates than wanted`
    },
  }
}

function listQuestion(path: string, desired: DesiredState): Question {
  return {
    command: showCrtListCommand(path),
    check(reply) {
      const print = (entry: { certificate: string; filters: readonly string[] }): string =>
        [entry.certificate, ...entry.filters].join(' ')
      const want = loadedCertificates(desired, desired.files)?.lists.get(path) ?? []
      const is = parseCrtList(reply) ?? []
      const isSame = want.map(print).toSorted().join('\n') === is.map(print).toSorted().join('\n')
      return isSame ? undefined : `crt-list ${path} has other entries than wanted`
    },
  }
}
