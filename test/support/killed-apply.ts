// Bundled and started as a process of its own by a test: applies a desired state, and kills itself
// as `kill -9` does at the step of that number. Writes the name of each step on a line of its own.
import { writeSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { HaproxyProcessOptions } from '../../src/haproxy/process/haproxy-process.ts'
import type { AdminState, DesiredState } from '../../src/model/desired-state.ts'
import { SteppingHaproxy } from './stepping-haproxy.ts'

export type KilledApply = {
  readonly options: HaproxyProcessOptions
  readonly probationPath: string
  /** What runs, and what is to run then. */
  readonly states: readonly PlainState[]
  readonly killAt: number
}

/** A desired state as JSON. */
export type PlainState = {
  readonly config: string
  readonly files: readonly (readonly [string, string])[]
  readonly servers: readonly (readonly [string, AdminState])[]
}

const { options, probationPath, states, killAt } = JSON.parse(process.argv[2] ?? '') as KilledApply
let isCounting = false
let steps = 0

function step(name: string): void {
  if (!isCounting) return
  writeSync(1, `${name}\n`)
  if (steps === killAt) process.kill(process.pid, 'SIGKILL')
  steps += 1
}

const { rename } = promises
promises.rename = async (from, to) => {
  step('before rename')
  await rename(from, to)
  step('after rename')
}
syncBuiltinESMExports()

function desiredOf({ config, files, servers }: PlainState): DesiredState {
  return { config, files: new Map(files), servers: new Map(servers) }
}

const haproxy = new HaproxyProcess(options)
await haproxy.adopt()
const applier = new Applier({
  haproxy: new SteppingHaproxy(haproxy, step),
  planChanges,
  probation: { recordPath: probationPath, forMs: 60_000 },
})
for (const [index, state] of states.entries()) {
  isCounting = index === states.length - 1
  await applier.applyDesired(desiredOf(state))
}
process.exit(0)
