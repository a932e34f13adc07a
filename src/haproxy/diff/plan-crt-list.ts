import { basename } from 'node:path'
import type { CrtListEntry } from '../config/crt-list.ts'
import { escapeWord, unsendable, withPayload } from '../runtime/words.ts'
import type { Step } from './steps.ts'

/**
 * What must be done so that a crt-list, or a folder of certificates, has the entries of another; or
 * why only a reload can. The certificates are loaded before, and unloaded after. Which of two entries
 * comes first counts only for the very first, which answers when no name fits, and for those that
 * share a name.
 */
export function planCrtList(
  path: string,
  before: readonly CrtListEntry[],
  after: readonly CrtListEntry[],
): Step[] | string {
  const [from, to] = [before.map(printEntry), after.map(printEntry)]
  if (from.join('\n') === to.join('\n')) return []
  if (from[0] !== to[0]) return 'another certificate comes first, which answers when no name fits'
  const added = after.filter((entry) => !from.includes(printEntry(entry)))
  const removed = before.filter((entry) => !to.includes(printEntry(entry)))
  const kept = from.filter((entry) => to.includes(entry))
  if (kept.join('\n') !== to.filter((entry) => from.includes(entry)).join('\n')) {
    return 'its entries stand in another order'
  }
  const trouble = troubleOf(added, removed, [...before, ...added])
  if (trouble !== undefined) return trouble
  const list = escapeWord(path)
  const label = `crt-list ${basename(path)}`
  const steps = [
    ...added.map((entry): Step => {
      const command = withPayload(`add ssl crt-list ${list}`, printEntry(entry))
      return step('certificate', `${label}: + ${shortEntry(entry)}`, command)
    }),
    ...removed.map((entry): Step => {
      const command = `del ssl crt-list ${list} ${escapeWord(entry.certificate)}`
      return step('certificate-remove', `${label}: - ${shortEntry(entry)}`, command)
    }),
  ]
  const commands = steps.flatMap(({ change }) => change.commands)
  const isSendable = commands.every((command) => unsendable(command) === undefined)
  return isSendable ? steps : 'has an entry that cannot be sent as a command'
}

function troubleOf(
  added: readonly CrtListEntry[],
  removed: readonly CrtListEntry[],
  all: readonly CrtListEntry[],
): string | undefined {
  for (const entry of [...added, ...removed]) {
    const same = all.filter(({ certificate }) => certificate === entry.certificate)
    if (same.length > 1) return `${basename(entry.certificate)} is in more than one entry`
    if (naming.test(entry.options))
      return `${basename(entry.certificate)} has options that name files`
  }
  return undefined
}

const naming = /(?:^| )(?:ca-file|ca-verify-file|crl-file|crt|key|issuer|ocsp\S*|sctl)(?: |$)/

function step(stage: Step['stage'], summary: string, command: string): Step {
  return { stage, change: { kind: 'crt-list-entry', summary, commands: [command] } }
}

/** A line of a crt-list, blanks made one. */
export function printEntry({ certificate, options, filters }: CrtListEntry): string {
  return [certificate, ...(options === '' ? [] : [`[${options}]`]), ...filters].join(' ')
}

function shortEntry(entry: CrtListEntry): string {
  return printEntry({ ...entry, certificate: basename(entry.certificate) })
}
