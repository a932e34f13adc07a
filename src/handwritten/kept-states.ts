import type { AdminState } from '../model/desired-state.ts'
import { firstWord, linesOf } from '../haproxy/config/sections.ts'
import type { RunningServer } from '../haproxy/control.ts'
import { parseServerAddress } from '../haproxy/diff/address.ts'
import { hasServers, layOut } from '../haproxy/diff/layout.ts'
import { parseServerLine } from '../haproxy/diff/server-line.ts'
import type { ServerLine } from '../haproxy/diff/server-line.ts'

/** A server that somebody put in another state than the text says. */
export type KeptState = {
  /** `backend/server`. */
  readonly server: string
  readonly state: AdminState
  /** What its line says. */
  readonly said: AdminState
}

export type WantedStates = {
  /** For a desired state: `backend/server` → state, where it is not what the text says. */
  readonly states: ReadonlyMap<string, AdminState>
  readonly kept: readonly KeptState[]
}

/**
 * The admin states that go with a text. A server that an operator put in drain or maintenance stays
 * so, as long as the text says about it what it said before; one whose line is new, and any with
 * `isReset`, gets what the text says. A server whose address HAProxy resolves is in maintenance while there is none: that is left
 * alone, and not worth a word.
 */
export function wantedStates(input: {
  readonly servers: ReadonlyMap<string, RunningServer>
  /** Undefined: not known. */
  readonly before: string | undefined
  readonly after: string
  readonly isReset: boolean
}): WantedStates {
  const { servers, isReset } = input
  const after = serverLines(input.after)
  const before = input.before === undefined ? after : serverLines(input.before)
  const states = new Map<string, AdminState>()
  const kept: KeptState[] = []
  for (const [key, { admin: state }] of servers) {
    const line = after.get(key)
    if (line === undefined) continue
    const said = line.isDisabled ? 'maint' : 'ready'
    if (state === said) continue
    // Without a line before it was nobody's wish: a removed server that waits for its last connections
    // is in maintenance by us, and its line may come back meanwhile.
    const isNew = before.get(key)?.isDisabled !== line.isDisabled
    const isResolved = parseServerAddress(line.address) === undefined
    if (isNew || (isReset && !isResolved)) continue
    states.set(key, state)
    if (!isResolved) kept.push({ server: key, state, said })
  }
  return { states, kept }
}

/** The lines of all servers, by `backend/server`. */
function serverLines(text: string): ReadonlyMap<string, ServerLine> {
  const lines = new Map<string, ServerLine>()
  for (const section of layOut({ config: text }).sections.values()) {
    if (!hasServers(section)) continue
    for (const line of linesOf(section)) {
      if (firstWord(line.text, 0, line.number) !== 'server') continue
      const server = parseServerLine(line)
      lines.set(`${section.name}/${server.name}`, server)
    }
  }
  return lines
}
