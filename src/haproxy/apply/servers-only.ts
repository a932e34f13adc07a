import type { ConfigText, DesiredState } from '../../model/desired-state.ts'
import { FairleadError } from '../../model/errors.ts'
import type { ErrorCode } from '../../model/errors.ts'
import { lazy } from '../../support/lazy.ts'
import { joinServers, ServerSectionReader } from '../diff/with-servers.ts'
import type { ServerSection } from '../diff/with-servers.ts'
import type { KnownState } from './read-back.ts'

const readers = { running: new ServerSectionReader(), wanted: new ServerSectionReader() }

/**
 * As much of a desired state as commands can bring: what runs, with the servers that are wanted in
 * the backends that are in both texts. For when a reload cannot be done (a full disk, a busy
 * address) or has to wait: what has gone must not get requests, nor may an address that belongs to
 * another by now, only because something else has to wait. A backend that is not wanted any more
 * keeps only servers that are wanted, just so, in another; one of `frozen` (`backend app`) keeps all
 * that it has. Undefined where that cannot be told.
 */
export function withServersOf(
  known: KnownState,
  desired: DesiredState,
  frozen: ReadonlySet<string> = new Set(),
): DesiredState | undefined {
  const text = textOf(known)
  const running = text === undefined ? undefined : readers.running.read(text)
  const wanted = readers.wanted.read(desired)
  if (running === undefined || wanted === undefined) return undefined
  const lines = lazy(() => new Set(wanted.flatMap(({ servers }) => identitiesIn(servers))))
  const keep = ({ servers }: ServerSection): string =>
    servers
      .split(/(?<=\n)/)
      .filter((line) => lines().has(identityOf(line)))
      .join('')
  const { sections } = joinServers(running, wanted, keep, frozen)
  const whole = lazy(() => sections.join(''))
  return {
    get config() {
      return whole()
    },
    sections,
    files: known.files,
    servers: desired.servers,
  }
}

/** Not put together where its sections are known. */
function textOf(known: KnownState): ConfigText | undefined {
  const { sections } = known
  if (sections !== undefined) return { config: '', sections }
  return known.config === undefined ? undefined : { config: known.config }
}

function identitiesIn(lines: string): string[] {
  return lines === '' ? [] : lines.trimEnd().split('\n').map(identityOf)
}

/** `server NAME ADDRESS`: who it is, and where. */
function identityOf(line: string): string {
  return line
    .trim()
    .split(/[ \t]+/, 3)
    .join(' ')
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
