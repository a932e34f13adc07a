import { readHeader } from '../config/parse.ts'
import { firstWord, linesOf } from '../config/sections.ts'
import type { TextLine } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'
import { lastSetting } from './inherited.ts'
import type { Layout, PlacedSection } from './layout.ts'
import { settingsNamed } from './settings.ts'

/**
 * What a `defaults` section may have for a backend to be made from it at runtime. Each was tried on
 * HAProxy 3.4.7 and found to work in a backend so made; with `errorfiles` the worker crashed. What
 * is not listed was not tried.
 */
export const usableSettings: ReadonlySet<string> = new Set(
  `backlog balance compression cookie default-server dynamic-cookie-key errorfile errorloc
  errorloc302 errorloc303 fullconn hash-balance-factor hash-type http-after-response http-check
  http-error http-request http-response http-reuse http-send-name-header log log-format maxconn mode
  monitor-uri option retries retry-on source srvtcpka-cnt srvtcpka-idle srvtcpka-intvl
  tcp-check tcp-request timeout unique-id-format unique-id-header`.split(/\s+/),
)

/**
 * Why a HAProxy that can make and end backends at runtime cannot do so with this one (management.txt §9.3, `add backend`,
 * `del backend`); undefined when it can: then all its settings come from named `defaults`, and it
 * has nothing but servers.
 */
export function cannotBeDynamic(section: PlacedSection, layout: Layout): string | undefined {
  if (section.isConditional) return 'which of its lines count cannot be known'
  if (section.headerWords.length > 2) return `its header has ${section.headerWords[2]}`
  if (section.key !== `backend ${section.name}`) return 'there is another of this name'
  return ownSetting(section) ?? unusableDefaults(section) ?? purge(layout)
}

/** The first of its lines that is not a server. */
function ownSetting(section: PlacedSection): string | undefined {
  for (const { text, number } of linesOf(section).slice(1)) {
    const word = firstWord(text, 0, number)
    if (word === '') continue
    if (word !== 'server') return `it has a setting of its own: ${word} (line ${number})`
    if (/\squic[46]?@/.test(text)) return `it has a server by QUIC (line ${number})`
    if (/\sresolvers\s/.test(text)) return `it has a server with resolvers (line ${number})`
  }
  return undefined
}

function unusableDefaults(section: PlacedSection): string | undefined {
  if (readHeader(wordsOf(linesOf(section)[0])).from === undefined) {
    return 'its header does not say from which defaults it is'
  }
  for (let each = section.defaults; each !== undefined; each = each.defaults) {
    if (each.name === '') return 'its defaults have no name'
    if (each.isConditional) return `which lines of defaults ${each.name} count cannot be known`
    const setting = unusableSetting(each)
    if (setting === undefined) continue
    const where = `defaults ${each.name}, line ${setting.number}`
    return `it has ${setting.word} (${where}), which is not known to work in a backend made at runtime`
  }
  const mode = lastSetting(section, 'mode')?.[0] ?? 'tcp'
  return mode === 'http' || mode === 'tcp' ? undefined : `it is in mode ${mode}`
}

/** Looked for once, since many backends share their defaults. */
function unusableSetting(defaults: PlacedSection): Unusable | undefined {
  const known = found.get(defaults) ?? { unusable: findUnusable(defaults) }
  found.set(defaults, known)
  return known.unusable
}

type Unusable = { readonly word: string; readonly number: number }
const found = new WeakMap<PlacedSection, { readonly unusable: Unusable | undefined }>()

function findUnusable(defaults: PlacedSection): Unusable | undefined {
  for (const { text, number } of linesOf(defaults).slice(1)) {
    const words = splitWords(text, number)
    const [word = '', option = ''] = words[0] === 'no' ? words.slice(1) : words
    if (word === '') continue
    if (word === 'option' && unusableOptions.has(option)) {
      return { word: `option ${option}`, number }
    }
    if (!usableSettings.has(word)) return { word, number }
    if (word === 'default-server' && words.includes('resolvers')) {
      return { word: 'default-server … resolvers', number }
    }
  }
  return undefined
}

/** Those with which HAProxy refuses to end a backend, and checks by a command. */
const unusableOptions: ReadonlySet<string> = new Set(['external-check', 'transparent'])

/** With it HAProxy forgets the `defaults` after it has read the text. */
function purge(layout: Layout): string | undefined {
  for (const section of layout.sections.values()) {
    if (section.keyword === 'global' && settingsNamed(section, 'tune.defaults.purge').length > 0) {
      return 'global has tune.defaults.purge'
    }
  }
  return undefined
}

function wordsOf(line: TextLine | undefined): readonly string[] {
  return line === undefined ? [] : splitWords(line.text, line.number)
}
