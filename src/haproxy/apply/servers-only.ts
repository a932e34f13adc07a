import type { DesiredState } from '../../model/desired-state.ts'
import { FairleadError } from '../../model/errors.ts'
import type { ErrorCode } from '../../model/errors.ts'
import { firstWord, linesOf, splitSections } from '../config/sections.ts'
import type { SectionText } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'
import type { KnownState } from './read-back.ts'

/**
 * As much of a desired state as commands can bring: what runs, with the servers that are wanted in
 * the backends that are in both texts. For when a reload cannot be done (a full disk, a busy
 * address): what has gone must not get requests, nor may an address that belongs to another by now,
 * only because something else has to wait. Undefined where that cannot be told.
 */
export function withServersOf(known: KnownState, desired: DesiredState): DesiredState | undefined {
  if (known.config === undefined) return undefined
  const [running, wanted] = [splitSections(known.config), splitSections(desired.config)]
  if ([...running, ...wanted].some((section) => section.hasDirectives)) return undefined
  const servers = new Map(wanted.filter(isBackend).map((each) => [nameOf(each), serversOf(each)]))
  const config = running.map((section) => {
    const lines = isBackend(section) ? servers.get(nameOf(section)) : undefined
    if (lines === undefined) return section.text
    const others = linesOf(section).filter(({ text, number }) => !isServer(text, number))
    return [...others.map(({ text }) => text), ...lines].map((text) => `${text}\n`).join('')
  })
  return { config: config.join(''), files: known.files, servers: desired.servers }
}

/**
 * Whether a reload failed for a reason outside the text, and left HAProxy with what it had. A text
 * that HAProxy rejects is not followed in part.
 */
export function hasToWait(error: unknown): boolean {
  return error instanceof FairleadError && outside.has(error.code)
}

const outside: ReadonlySet<ErrorCode> = new Set([
  'state_unwritable',
  'address_in_use',
  'address_unavailable',
  'reload_failed',
])

function isBackend({ keyword }: SectionText): boolean {
  return keyword === 'backend'
}

function nameOf(section: SectionText): string {
  return splitWords(linesOf(section)[0]?.text ?? '', section.line)[1] ?? ''
}

function serversOf(section: SectionText): string[] {
  return linesOf(section)
    .filter(({ text, number }) => isServer(text, number))
    .map(({ text }) => text)
}

function isServer(text: string, number: number): boolean {
  return firstWord(text, 0, number) === 'server'
}
