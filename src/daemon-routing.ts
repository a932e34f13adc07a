import { bindsOf } from './haproxy/process/binds.ts'
import type { DesiredState } from './model/desired-state.ts'
import type { Problem } from './model/problem.ts'
import type { RoutingInput, RoutingResult } from './routing/contract.ts'
import type { Settings } from './settings/settings.ts'

/** What the daemon's pipeline routes by: labels and their quarantine, or templates. */
export type DaemonRouting = {
  route(input: RoutingInput): RoutingResult
  /** What to apply in place of what was routed, while HAProxy refuses that. Throws nothing. */
  steer(wanted: DesiredState): DesiredState
  /** A state that was routed, or steered to, is in force. */
  applied(desired: DesiredState): Promise<void>
  /** True: something was done about it, so that routing anew gives another state. Throws nothing. */
  failed(error: unknown, desired: DesiredState): Promise<boolean>
  /** An error with which a state was refused, with what is known here of where that comes from. */
  explain(error: unknown, desired: DesiredState): unknown
  /**
   * Resolves when there is something to route, or the signal aborts. Throws what keeps that from ever
   * being so.
   */
  ready(signal: AbortSignal): Promise<void>
  /** Calls back when routing anew may give something else, and why. */
  onNews(tell: (what: string) => void): void
  /** Reads what it routes by anew, where that are files. */
  reread(): Promise<void>
  problems(): readonly Problem[]
  close(): Promise<void>
}

/** Where HAProxy serves: by the settings, or, with templates, by the text that is wanted. */
export function servedAddresses(
  { http, templates }: Pick<Settings, 'http' | 'templates'>,
  desired: DesiredState | undefined,
): readonly string[] {
  if (templates.length === 0) return http
  return bindsOf(desired?.config ?? '').map(({ address, port }) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  )
}
