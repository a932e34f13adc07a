import type { DesiredState } from '../../model/desired-state.ts'
import type { RunningServer } from '../control.ts'
import type { RunningState } from '../diff/plan.ts'
import { interpretServerCommand } from '../runtime/interpret-servers.ts'
import { parseMap, parseMapFile, showMapCommand } from '../runtime/maps.ts'
import type { MapEntry } from '../runtime/maps.ts'
import { parseServers, showServersCommand } from '../runtime/servers.ts'
import { splitCommand } from '../runtime/words.ts'
import type { KnownState } from './read-back.ts'

/** What commands should have led to, and how to see whether they did. */
export type Expectation = {
  /** Commands that read back what was touched. */
  readonly questions: readonly string[]
  /** The first difference, for people; undefined when there is none. What is to be deleted may be gone or out of service. */
  check(replies: readonly string[], removals: readonly string[]): string | undefined
  /** After `check`: brings what is known of servers and backends up to what was read. */
  update(known: Pick<KnownState, 'servers' | 'backends'>): void
}

/** From so many backends on, one listing of all servers is cheaper than one each. */
const manyBackends = 20

/**
 * Only the backends and maps that the commands name are read back, so the cost follows the change.
 * Servers are compared in address, port, weight and admin state: HAProxy's own opinion (checks) is
 * not ours to expect. Maps are compared with the desired file.
 */
export function expectationOf(
  commands: readonly string[],
  base: RunningState,
  desired: DesiredState,
): Expectation {
  const expected = new Map<string, RunningServer>()
  const touched = new Set<string>()
  const maps = new Set<string>()
  for (const command of commands) {
    const words = splitCommand(command)
    const path = mapPathOf(words)
    if (path !== undefined) maps.add(path)
    const key = words.find((word, index) => index >= 2 && index <= 3 && word.includes('/'))
    if (path !== undefined || key === undefined) continue
    const server = base.servers.get(key)
    if (!touched.has(key) && server !== undefined) expected.set(key, server)
    touched.add(key)
    interpretServerCommand({ servers: expected, backends: undefined }, words)
  }
  const backends = new Set([...touched].map((key) => key.slice(0, key.indexOf('/'))))
  const serverQuestions =
    backends.size > manyBackends ? [showServersCommand()] : [...backends].map(showServersCommand)
  let read = new Map<string, RunningServer>()
  return {
    questions: [...serverQuestions, ...[...maps].map(showMapCommand)],
    check(replies, removals) {
      read = new Map(
        serverQuestions.flatMap((_, index) => [...parseServers(replies[index] ?? '', touched)]),
      )
      return (
        compareServers(touched, expected, read, new Set(removals)) ??
        compareMaps(maps, replies.slice(serverQuestions.length), desired)
      )
    },
    update({ servers }) {
      for (const key of touched) servers.delete(key)
      for (const [key, server] of read) servers.set(key, server)
    },
  }
}

function mapPathOf(words: readonly string[]): string | undefined {
  if (words[1] !== 'map' || words[0] === 'show') return undefined
  return words[2]?.startsWith('@') === true ? words[3] : words[2]
}

function compareServers(
  touched: ReadonlySet<string>,
  expected: ReadonlyMap<string, RunningServer>,
  read: ReadonlyMap<string, RunningServer>,
  removals: ReadonlySet<string>,
): string | undefined {
  for (const key of touched) {
    const [want, is] = [expected.get(key), read.get(key)]
    if (is === undefined && (want === undefined || removals.has(key))) continue
    if (is === undefined) return `server ${key} is missing`
    if (want === undefined) return `server ${key} is still there`
    if (describe(want) !== describe(is))
      return `server ${key} is ${describe(is)}, not ${describe(want)}`
  }
  return undefined
}

function describe(server: RunningServer): string {
  return `${server.address}:${server.port} weight ${server.weight} ${server.admin}`
}

function compareMaps(
  paths: ReadonlySet<string>,
  replies: readonly string[],
  desired: DesiredState,
): string | undefined {
  for (const [index, path] of [...paths].entries()) {
    const want = firstValues(parseMapFile(desired.files.get(path) ?? ''))
    const is = firstValues(parseMap(replies[index] ?? '') ?? [])
    for (const [key, value] of want) {
      if (is.get(key) !== value)
        return `map ${path}: ${key} is ${is.get(key) ?? 'missing'}, not ${value}`
    }
    for (const key of is.keys()) if (!want.has(key)) return `map ${path}: ${key} is still there`
  }
  return undefined
}

/** Of several entries with one key HAProxy uses the first. */
function firstValues(entries: readonly MapEntry[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const { key, value } of entries) if (!values.has(key)) values.set(key, value)
  return values
}
