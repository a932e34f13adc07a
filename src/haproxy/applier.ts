import type { DesiredState } from '../model/desired-state.ts'
import { systemClock } from '../support/clock.ts'
import type { Clock } from '../support/clock.ts'
import { applyDesired } from './apply.ts'
import type { ApplyResult, PlanChanges } from './apply/context.ts'
import { capabilitiesOf } from './capabilities.ts'
import type { Capabilities } from './capabilities.ts'
import { workerOf } from './process/runner.ts'
import type { HaproxyRunner } from './process/runner.ts'
import { ReloadBudget } from './reload-budget.ts'
import type { OldWorker } from './reload-budget.ts'
import { OldConnections } from './apply/old-connections.ts'
import { OneAtATime } from './runtime/one-at-a-time.ts'
import { Probation } from './probation.ts'
import { readBack, withText } from './apply/read-back.ts'
import type { KnownState } from './apply/read-back.ts'
import { Removals } from './apply/removals.ts'

export type ApplierOptions = {
  readonly haproxy: HaproxyRunner
  readonly planChanges: PlanChanges
  readonly clock?: Clock
  /** How long a removed server may keep its connections before they are cut. */
  readonly lingerMs?: number
  /** Least time from one reload to the next; none unless given. */
  readonly reloadIntervalMs?: number
  /** `mworker-max-reloads` of the text; no limit unless given. */
  readonly mostWorkerReloads?: number
  /** What each new text has to last before the old one is given up; nothing unless given. */
  readonly probation?: { readonly recordPath: string; readonly forMs: number }
  /** Workers that only finish what they have; none unless given. Throws HaproxyError. */
  readonly oldWorkers?: () => Promise<readonly OldWorker[]>
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
  readonly #oldConnections: OldConnections
  readonly #budget: ReloadBudget
  readonly #probation: Probation | undefined
  #known: { readonly worker: number; readonly state: KnownState } | undefined
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
    this.#oldConnections = new OldConnections({
      control: options.haproxy,
      lock: this.#lock,
      clock: options.clock ?? systemClock,
      lingerMs: options.lingerMs ?? 60_000,
      addressOf: (key) => this.#current()?.servers.get(key)?.address,
    })
    const { probation, haproxy, clock = systemClock } = options
    const lock = this.#lock
    this.#probation = probation && new Probation({ ...probation, haproxy, clock, lock })
    this.#budget = new ReloadBudget({
      clock: options.clock ?? systemClock,
      intervalMs: options.reloadIntervalMs ?? 0,
      mostReloads: options.mostWorkerReloads ?? Infinity,
      oldWorkers: () => this.#oldWorkers(options.oldWorkers),
    })
  }

  /** What is out of service and waits to be deleted: servers, by `backend/server`, and backends. */
  get lingering(): readonly string[] {
    return this.#removals.lingering
  }

  /**
   * Makes the desired state true, starting HAProxy where it is down; see `applyDesired`. A reload
   * that has to wait (`deferred`) is not done: what commands can bring is, above all removals, and
   * the caller applies again, whatever is wanted then, when the time is over. Never delayed: a
   * start, and the reload that repairs what commands could not do.
   */
  applyDesired(desired: DesiredState): Promise<ApplyResult> {
    return this.#lock.run(async () => {
      await this.#probation?.load()
      const { isRunning } = this.#haproxy
      const result = await applyDesired(
        {
          haproxy: this.#haproxy,
          planChanges: this.#planChanges,
          capabilities: this.#currentCapabilities(),
          removals: this.#removals,
          oldConnections: this.#oldConnections,
          known: this.#current(),
          keep: (state) => this.#keep(state),
          reloadWait: () => this.#budget.wait(),
          trials: this.#probation,
        },
        desired,
      )
      if (!isRunning) this.#budget.started()
      else if (result.how === 'reload') this.#budget.reloaded()
      return result
    })
  }

  /**
   * Reads everything back from HAProxy and compares it with what is wanted; gives the differences,
   * for people. The next apply then starts from what was read, and repairs them; with `report` it
   * starts from what was known before, and leaves them unless it touches the same servers.
   */
  checkDrift(
    desired: DesiredState,
    then: 'repair' | 'report' = 'repair',
  ): Promise<readonly string[]> {
    return this.#lock.run(async () => {
      if (!this.#haproxy.isRunning) return ['HAProxy is not running']
      await this.#probation?.load()
      await this.#haproxy.refresh()
      const before = this.#current()
      if (before === undefined) this.#removals.clear()
      const read = await readBack(this.#haproxy, desired.files.keys())
      for (const key of this.#removals.lingering) {
        read.servers.delete(key)
        read.backends.delete(key)
      }
      // The text in memory is what was last verified; the one on disk may not have been written.
      const files = before === undefined ? read.files : mapsOver(before.files, read.files)
      const state = withText({ ...read, files }, before ?? read)
      const isLeft = then === 'report' && before !== undefined
      if (!isLeft) this.#keep(state)
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
    this.#probation?.close()
    await this.#oldConnections.close()
    await this.#removals.close()
  }

  #keep(state: KnownState | undefined): void {
    this.#known = state === undefined ? undefined : { worker: workerOf(this.#haproxy), state }
  }

  #current(): KnownState | undefined {
    return this.#known?.worker === workerOf(this.#haproxy) ? this.#known.state : undefined
  }

  /** After a reload that failed the master takes the one that goes on for an old one, too. */
  async #oldWorkers(ask: ApplierOptions['oldWorkers']): Promise<readonly OldWorker[]> {
    const workers = (await ask?.()) ?? []
    return workers.filter(({ pid }) => pid !== this.#haproxy.workerPid)
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
