import type { AdminState, DesiredState } from '../../model/desired-state.ts'
import { linesWith } from '../config/sections.ts'
import type { TextLine } from '../config/sections.ts'
import type { RunningServer } from '../control.ts'
import { byBackend } from './by-backend.ts'
import type { SectionPair, Structure } from './compare-structure.ts'
import { isFromTemplate } from './inherited.ts'
import { hasServers } from './layout.ts'
import type { PlacedSection } from './layout.ts'
import type { BackendCase } from './plan-backend.ts'
import type { RunningState } from './plan.ts'
import { canTakeTraffic } from './scan-servers.ts'
import { parseServerLine } from './server-line.ts'

/** Above this many states that changed, all lines are gone through instead of looking for each. */
const mostLookedFor = 30

/**
 * The backends in which something is another than in the base, with just the servers it touches;
 * what they do not list is as it should be. Undefined where that is not known, or cannot be told:
 * then all servers must be compared with what is running.
 */
export function touchedBackends(
  base: RunningState,
  desired: DesiredState,
  structure: Structure,
): BackendCase[] | undefined {
  const { agreedStates } = base
  if (agreedStates === undefined || structure.reasons.length > 0) return undefined
  const changedStates = differing(agreedStates, desired.servers)
  if (changedStates.size > mostLookedFor) return undefined
  const statesByBackend = byBackend(changedStates)
  const found: { pair: SectionPair; open: TextLine[] }[] = []
  const touched = new Set<string>()
  for (const pair of structure.pairs) {
    const names = [...(statesByBackend.get(pair.after.name)?.keys() ?? [])]
    if (!isTouched(pair, names)) continue
    const lines = touchedLines(pair, names, base.servers)
    if (lines === undefined) return undefined
    found.push({ pair, open: lines.open })
    for (const name of lines.names) touched.add(`${pair.after.name}/${name}`)
  }
  return complete(found, touched, base, desired)
}

/** The servers that are not listed alike in both. */
function differing(
  one: ReadonlyMap<string, AdminState>,
  other: ReadonlyMap<string, AdminState>,
): Map<string, AdminState | undefined> {
  const keys = new Map<string, AdminState | undefined>()
  if (one === other) return keys
  for (const [key, state] of other) if (one.get(key) !== state) keys.set(key, state)
  for (const key of one.keys()) if (!other.has(key)) keys.set(key, undefined)
  return keys
}

function isTouched({ before, after, difference }: SectionPair, names: readonly string[]): boolean {
  if (!hasServers(after) || before.isConditional || after.isConditional) return false
  const { servers } = difference
  return servers.before.length > 0 || servers.after.length > 0 || names.length > 0
}

/**
 * The lines of the new text that differ, those of `stateNames`, and the names of all servers that
 * these and the lines that went tell of. Undefined where a server cannot be told by its line.
 */
function touchedLines(
  { after, difference }: SectionPair,
  stateNames: readonly string[],
  running: ReadonlyMap<string, RunningServer>,
): { open: TextLine[]; names: Set<string> } | undefined {
  const gone = new Set(difference.servers.before.map(nameOf))
  const names = new Set([...gone, ...difference.servers.after.map(nameOf)])
  const isRunning = (name: string): boolean => running.has(`${after.name}/${name}`)
  // It has a line that did not change, or none at all.
  if ([...names].some((name) => !gone.has(name) && isRunning(name))) return undefined
  const open = [...difference.servers.after]
  for (const name of stateNames) {
    if (names.has(name) || !isRunning(name)) continue
    const line = findServerLine(after, name)
    if (line === undefined) return undefined
    open.push(line)
    names.add(name)
  }
  return { open: open.toSorted((one, other) => one.number - other.number), names }
}

function nameOf(line: TextLine): string {
  return parseServerLine(line).name
}

/** Undefined also for a line in an unusual form. */
function findServerLine(section: PlacedSection, name: string): TextLine | undefined {
  for (const line of linesWith(section, ` ${name} `)) {
    if (/^ *server /.test(line.text) && nameOf(line) === name) return line
  }
  return undefined
}

function complete(
  found: readonly { readonly pair: SectionPair; readonly open: readonly TextLine[] }[],
  touched: ReadonlySet<string>,
  base: RunningState,
  desired: DesiredState,
): BackendCase[] {
  const running = byBackend(only(touched, base.servers))
  return found.map(({ pair, open }) => {
    const { name } = pair.after
    const admin = new Map<string, AdminState>()
    for (const line of open) {
      const server = nameOf(line)
      const state = desired.servers.get(`${name}/${server}`)
      if (state !== undefined) admin.set(server, state)
    }
    const hasSettledReady = (): boolean => hasReadyBeside(touched, pair.after, base.servers)
    return {
      ...pair,
      scan: { open, hasSettledReady },
      running: running.get(name) ?? new Map<string, RunningServer>(),
      admin,
    }
  })
}

/** In the order of the read-back, which is that of removals. */
function* only(
  touched: ReadonlySet<string>,
  servers: ReadonlyMap<string, RunningServer>,
): Generator<[string, RunningServer]> {
  for (const key of servers.keys()) {
    const server = touched.has(key) ? servers.get(key) : undefined
    if (server !== undefined) yield [key, server]
  }
}

/** Whether a server of the backend that has a line and is not touched is ready; stops at the first. */
function hasReadyBeside(
  touched: ReadonlySet<string>,
  section: PlacedSection,
  servers: ReadonlyMap<string, RunningServer>,
): boolean {
  for (const [key, server] of servers) {
    if (server.backend !== section.name || !canTakeTraffic(server) || touched.has(key)) continue
    if (!isFromTemplate(section, server.name)) return true
  }
  return false
}
