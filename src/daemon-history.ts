import type { ChangeReport, DiffReport, GenerationReport, PinReport } from './api/contract.ts'
import { Ledger } from './api/ledger.ts'
import type { Paths } from './daemon-settings.ts'
import { OneAtATime } from './haproxy/runtime/one-at-a-time.ts'
import { History } from './ledger/history.ts'
import { differenceOf } from './ledger/kept-difference.ts'
import { HistoryError, notKept, type Generation } from './ledger/kept-history.ts'
import type { Pin } from './ledger/pin-file.ts'
import { Pinning, type Steered } from './ledger/pinning.ts'
import type { DesiredState } from './model/desired-state.ts'
import { messageOf } from './model/errors.ts'
import type { Problem } from './model/problem.ts'
import type { ChangeEntry, ChangeRecord } from './pipeline/change-entry.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import type { Clock } from './support/clock.ts'

/**
 * The ledger in all its parts: numbers, subscribers, the history on disk, the pin; and what an
 * operator asks of it.
 */
export class DaemonHistory {
  readonly ledger: Ledger
  readonly #history: History
  readonly #pinning: Pinning
  readonly #clock: Clock
  readonly #oneAtATime = new OneAtATime()
  #lastFailure = ''

  private constructor(ledger: Ledger, history: History, pinning: Pinning, clock: Clock) {
    this.ledger = ledger
    this.#history = history
    this.#pinning = pinning
    this.#clock = clock
    history.protect(pinning.pin?.generation)
  }

  static async open(paths: Paths, most: number, clock: Clock): Promise<DaemonHistory> {
    const history = new History({ folder: paths.history, clock, mostGenerations: most })
    await history.load()
    const pinning = new Pinning(paths.pin)
    await pinning.load()
    const ledger = new Ledger(undefined, history.recent, history.lastNumber)
    return new DaemonHistory(ledger, history, pinning, clock)
  }

  /**
   * Gives a change its number and keeps it. The same failure again, as every try makes it, is no
   * generation of its own.
   */
  record(change: ChangeEntry, { commands, problems, state }: ChangeRecord): void {
    const failure =
      change.how === 'failed' ? [change.desiredHash, ...change.reasons].join('\n') : ''
    const isRepeated = failure !== '' && failure === this.#lastFailure
    this.#lastFailure = failure
    if (isRepeated) return
    const recorded = this.ledger.record(change)
    this.#history.keep({ ...recorded, commandTexts: commands, problems }, state)
  }

  steer(wanted: DesiredState): Steered {
    return this.#pinning.steer(wanted)
  }

  get pin(): PinReport | undefined {
    return this.#pinning.pin
  }

  problems(): readonly Problem[] {
    return [...this.#history.problems(), ...this.#pinning.problems()]
  }

  flush(): Promise<void> {
    return this.#history.flush()
  }

  list(most: number, before?: number): Promise<readonly ChangeReport[]> {
    return this.#history.list(most, before)
  }

  async generation(id: number): Promise<GenerationReport> {
    return (await this.#read(id)).report
  }

  /** `current`: what is in force now, for where `to` is not given. */
  async diff(
    from: number,
    to: number | undefined,
    isText: boolean,
    current: DesiredState | undefined,
  ): Promise<DiffReport> {
    const [before, after] = [
      await this.#read(from),
      to === undefined ? undefined : await this.#read(to),
    ]
    const state = after?.state ?? current
    if (state === undefined) throw new HistoryError('not_found', 'nothing is in force yet')
    return differenceOf(
      { generation: from, state: before.state },
      { generation: to, state },
      isText,
    )
  }

  /** See `DaemonControl.rollback`; where it fails the pin that was there before is there again. */
  rollback(id: number, pipeline: Pipeline): Promise<PinReport> {
    return this.#oneAtATime.run(() => this.#rollback(id, pipeline))
  }

  /** See `DaemonControl.unpin`. */
  unpin(pipeline: Pipeline): Promise<PinReport> {
    return this.#oneAtATime.run(() => this.#unpin(pipeline))
  }

  async #rollback(id: number, pipeline: Pipeline): Promise<PinReport> {
    const { report, state } = await this.#read(id)
    if (report.how === 'failed') {
      throw new HistoryError('usage', `generation ${id} was never in force: it failed`, {
        hint: '`fairlead history` marks those that failed',
      })
    }
    const { routing } = pipeline.state()
    if (routing === undefined) throw new HistoryError('interrupted', 'fairlead has just started')
    const before = this.#pinning.held
    const pin = { generation: id, sinceMs: this.#clock.now(), state }
    await this.#hold(pin, routing.desired)
    try {
      await pipeline.settle(`rollback to ${id} by operator`)
    } catch (error) {
      if (before === undefined) await this.#letGo()
      else await this.#hold(before, routing.desired)
      pipeline.trigger(`rollback to ${id} failed: ${messageOf(error)}`)
      throw error
    }
    return { generation: id, sinceMs: pin.sinceMs }
  }

  async #unpin(pipeline: Pipeline): Promise<PinReport> {
    const { pin } = this.#pinning
    if (pin === undefined) {
      throw new HistoryError('not_found', 'nothing is pinned', {
        hint: '`fairlead rollback GENERATION` pins one',
      })
    }
    await this.#letGo()
    await pipeline.settle(`unpin from ${pin.generation} by operator`)
    return pin
  }

  async #hold(pin: Pin, live: DesiredState): Promise<void> {
    await this.#pinning.set(pin, live)
    this.#history.protect(pin.generation)
  }

  async #letGo(): Promise<void> {
    await this.#pinning.clear()
    this.#history.protect(undefined)
  }

  async #read(id: number): Promise<Generation> {
    const found = await this.#history.read(id)
    if (found !== undefined) return found
    throw notKept(id)
  }
}
