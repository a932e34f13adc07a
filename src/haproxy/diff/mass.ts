import { isAtLeast } from '../capabilities.ts'
import type { Capabilities } from '../capabilities.ts'
import type { RunningServer } from '../control.ts'
import type { ReloadReason } from './plan.ts'
import type { Step } from './steps.ts'

// What things cost HAProxy, in ms on one core, measured on 2.6, 3.0 and 3.4 (2 shared cores).

/** A command, of which adding a server takes three and removing one two. */
const perCommandMs = 0.015
/** `add server` walks the servers that the backend has: for each of these. */
const perNeighbourMs = (version: string): number => (isAtLeast(version, 3, 4) ? 0.000025 : 0.0001)
/** Checking the text, and a reload until the new worker answers. */
const reloadMs = 150
const reloadPerServerMs = 0.008
/** At start, too, each server of a backend is compared with those before it. */
const reloadPerNeighbourMs = 0.00002
/**
 * What a reload costs besides its time, set against the time of commands: clients connect anew, and
 * an old worker stays as long as the last of its connections.
 */
const reloadWorthMs = 300

/** Fewer commands than this are never too many. */
const fewCommands = 2000

/**
 * Why a reload is cheaper than so many commands; undefined: it is not. Adding is quadratic within
 * one backend, all else follows the number of changes.
 */
export function massReason(
  steps: readonly Step[],
  running: ReadonlyMap<string, RunningServer>,
  { version }: Capabilities,
): ReloadReason | undefined {
  let commands = 0
  for (const step of steps) {
    // What a reload would not spare is left out: states must be set after it, too.
    if (addedBy(step) === undefined && step.removal === undefined) continue
    commands += step.change.commands.length + (step.removal === undefined ? 0 : 1)
  }
  if (commands < fewCommands) return undefined
  const backends = countByBackend(steps, running)
  let [added, gone, servers, addPairs, startPairs] = [0, 0, 0, 0, 0]
  for (const { before, adds, removals } of backends.values()) {
    const after = before + adds - removals
    added += adds
    gone += removals
    servers += after
    addPairs += adds * before + adds ** 2 / 2
    startPairs += after ** 2 / 2
  }
  const byCommandsMs = commands * perCommandMs + addPairs * perNeighbourMs(version)
  const byReloadMs = reloadMs + servers * reloadPerServerMs + startPairs * reloadPerNeighbourMs
  if (byCommandsMs <= byReloadMs + reloadWorthMs) return undefined
  const what = `${added} servers to add and ${gone} to remove`
  const times = `some ${round(byCommandsMs)} ms of commands against ${round(byReloadMs)} ms`
  return { kind: 'mass', text: `${what}: a reload is cheaper (${times})` }
}

type Count = { before: number; adds: number; removals: number }

function countByBackend(
  steps: readonly Step[],
  running: ReadonlyMap<string, RunningServer>,
): Map<string, Count> {
  const counts = new Map<string, Count>()
  const of = (backend: string): Count => {
    const count = counts.get(backend) ?? { before: 0, adds: 0, removals: 0 }
    counts.set(backend, count)
    return count
  }
  for (const { backend } of running.values()) of(backend).before += 1
  for (const step of steps) {
    const added = addedBy(step)
    if (added !== undefined) of(backendOf(added)).adds += 1
    if (step.removal?.includes('/') === true) of(backendOf(step.removal)).removals += 1
  }
  return counts
}

/** `backend/server` and what follows. */
function addedBy({ change }: Step): string | undefined {
  const add = 'add server '
  return change.commands.find((command) => command.startsWith(add))?.slice(add.length)
}

function backendOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

function round(ms: number): number {
  return Math.round(ms / 10) * 10
}
