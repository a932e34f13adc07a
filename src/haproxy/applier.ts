import type { DesiredState } from '../model/desired-state.ts'
import { systemClock } from '../support/clock.ts'
import type { Clock } from '../support/clock.ts'
import { applyDesired } from './apply.ts'
import type { ApplyResult, PlanChanges } from './apply/context.ts'
import { capabilitiesOf } from './capabilities.ts'
import type { Capabilities } from './capabilities.ts'
import type { HaproxyRunner } from './process/runner.ts'
import { OneAtATime } from './runtime/one-at-a-time.ts'
import { readBack, withText } from './apply/read-back.ts'
import type { KnownState } from './apply/read-back.ts'
import { Removals } from './apply/removals.ts'

export type ApplierOptions = {
  readonly haproxy: HaproxyRunner
  readonly planChanges: PlanChanges
  readonly clock?: Clock
  /** How long a removed server may keep its connections before they are cut. */
  readonly lingerMs?: number
}

/**
 * Applies desired states, one at a time, and holds what stands between two of them: the running
 * state as last verified, and the servers that wait for their last connection to end.
 */
export class Applier {
  readonly #haproxy: HaproxyRunner
  readonly #planChanges: PlanChanges
  readonly #lock = new OneAtATime()
  readonly #removals: Removals
  #known: { readonly workerPid: number; readonly state: KnownState } | undefined
  #capabilities: Capabilities | undefined

  constructor(options: ApplierOptions) {
    this.#haproxy = options.haproxy
    this.#planChanges = options.planChanges
    this.#removals = new Removals({
      control: options.haproxy,
      lock: this.#lock,
      clock: options.clock ?? systemClock,
      lingerMs: options.lingerMs ?? 60_000,
    })
  }

  /** Servers in maintenance that wait to be deleted: `backend/server`. */
  get lingering(): readonly string[] {
    return this.#removals.lingering
  }

  /** Makes the desired state true, starting HAProxy where it is down; see `applyDesired`. */
  applyDesired(desired: DesiredState): Promise<ApplyResult> {
    return this.#lock.run(() =>
      applyDesired(
        {
          haproxy: this.#haproxy,
          planChanges: this.#planChanges,
          capabilities: this.#currentCapabilities(),
          removals: this.#removals,
          known: this.#current(),
          keep: (state) => this.#keep(state),
        },
        desired,
      ),
    )
  }

  /**
   * Reads everything back from HAProxy and compares it with what is wanted; gives the differences,
   * for people. The next apply then starts from what was read, and repairs them.
   */
  checkDrift(desired: DesiredState): Promise<readonly string[]> {
    return this.#lock.run(async () => {
      if (!this.#haproxy.isRunning) return ['HAProxy is not running']
      await this.#haproxy.refresh()
      const before = this.#current()
      if (before === undefined) this.#removals.clear()
      const read = await readBack(this.#haproxy, desired.files.keys())
      for (const key of this.#removals.lingering) read.servers.delete(key)
      // The text in memory is what was last verified; the one on disk may not have been written.
      const files = before === undefined ? read.files : mapsOver(before.files, read.files)
      const state = withText({ ...read, files }, before ?? read)
      this.#keep(state)
      const plan = this.#planChanges(state, desired, this.#currentCapabilities())
      if (plan.kind === 'none') {
        this.#keep(withText({ ...read, files, agreedStates: desired.servers }, state))
      }
      const changes = plan.changes.map((change) => change.summary)
      return plan.kind === 'reload'
        ? [...new Set([...plan.reasons.map(({ text }) => text), ...changes])]
        : changes
    })
  }

  /** Ends the background removals; HAProxy goes on. */
  async close(): Promise<void> {
    await this.#removals.close()
  }

  #keep(state: KnownState | undefined): void {
    this.#known = state === undefined ? undefined : { workerPid: this.#haproxy.workerPid, state }
  }

  #current(): KnownState | undefined {
    return this.#known?.workerPid === this.#haproxy.workerPid ? this.#known.state : undefined
  }

  #currentCapabilities(): Capabilities {
    if (this.#capabilities?.version !== this.#haproxy.version)
      this.#capabilities = capabilitiesOf(this.#haproxy.version)
    return this.#capabilities
  }
}

function mapsOver(
  files: ReadonlyMap<string, string>,
  read: ReadonlyMap<string, string>,
): Map<string, string> {
  return new Map([...files, ...read])
}
