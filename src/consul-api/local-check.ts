import type { Clock } from '../support/clock.ts'
import type { CheckRunner } from './check-runner.ts'
import type { CatalogCheck, CheckResult, CheckStatus, LocalCheck } from './instance.ts'

/** A new output alone reaches the catalogue this often (Consul: `check_update_interval`). */
const outputEveryMs = 5 * 60_000

/** What is kept of a check over a restart. */
export type KeptCheck = {
  readonly check: LocalCheck
  readonly status: CheckStatus
  readonly output: string
}

/**
 * A registered check that is kept up to date: a TTL runs out by the clock, HTTP and TCP checks are
 * run. A change of status is told at once; an output that changes alone every few minutes, so that
 * heartbeats wake nobody.
 */
export class RunningCheck {
  readonly check: LocalCheck
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #onCriticalTooLong: () => void
  readonly #ending = new AbortController()
  #status: CheckStatus
  #output: string
  #published: { readonly status: CheckStatus; readonly output: string; readonly atMs: number }
  #heardMs: number
  #criticalSinceMs: number | undefined
  #isExpiring = false
  #isReaping = false

  constructor(
    kept: KeptCheck,
    options: {
      readonly clock: Clock
      /** Told when what the catalogue has of the check is another. */
      readonly onChange: () => void
      /** Told when it was critical for as long as its service may be. */
      readonly onCriticalTooLong: () => void
    },
  ) {
    this.check = kept.check
    this.#clock = options.clock
    this.#onChange = options.onChange
    this.#onCriticalTooLong = options.onCriticalTooLong
    this.#status = kept.status
    this.#output = kept.output
    this.#heardMs = this.#clock.now()
    this.#published = { status: kept.status, output: kept.output, atMs: this.#heardMs }
    this.#criticalSinceMs = kept.status === 'critical' ? this.#heardMs : undefined
  }

  start(runner: CheckRunner): void {
    const { kind } = this.check
    if (kind.type === 'ttl') this.#watchTtl()
    else void runner.run(kind, (result) => this.#set(result), this.#ending.signal)
    this.#watchCritical()
  }

  stop(): void {
    this.#ending.abort()
  }

  get status(): CheckStatus {
    return this.#status
  }

  get output(): string {
    return this.#output
  }

  /** As the catalogue has it, so that it is not written at each heartbeat. */
  kept(): KeptCheck {
    const { status, output } = this.#published
    return { check: this.check, status, output }
  }

  /** As the catalogue has it. */
  published(): CatalogCheck {
    const { id, name, notes, kind } = this.check
    const { status, output } = this.#published
    return { id, name, notes, type: kind.type, status, output }
  }

  /** What a TTL check's owner says. */
  heartbeat(result: CheckResult): void {
    this.#heardMs = this.#clock.now()
    this.#set(result)
    this.#watchTtl()
  }

  #set({ status, output }: CheckResult): void {
    const nowMs = this.#clock.now()
    const isDue = nowMs - this.#published.atMs >= outputEveryMs
    this.#status = status
    this.#output = output
    if (status !== 'critical') this.#criticalSinceMs = undefined
    else if (this.#criticalSinceMs === undefined) {
      this.#criticalSinceMs = nowMs
      this.#watchCritical()
    }
    const before = this.#published
    if (before.status === status && (before.output === output || !isDue)) return
    this.#published = { status, output, atMs: nowMs }
    this.#onChange()
  }

  /** Sleeps until the TTL is over; heartbeats meanwhile only move its end. */
  #watchTtl(): void {
    const { kind } = this.check
    if (kind.type !== 'ttl' || this.#isExpiring) return
    const wait = async (): Promise<void> => {
      const { signal } = this.#ending
      for (let leftMs = kind.ttlMs; leftMs > 0;) {
        await this.#clock.sleep(leftMs, signal)
        if (signal.aborted) return
        leftMs = this.#heardMs + kind.ttlMs - this.#clock.now()
      }
      this.#isExpiring = false
      this.#set({ status: 'critical', output: expiredOutput(this.#output) })
    }
    this.#isExpiring = true
    void wait()
  }

  #watchCritical(): void {
    const afterMs = this.check.deregisterAfterMs
    if (afterMs === 0 || this.#criticalSinceMs === undefined || this.#isReaping) return
    const wait = async (): Promise<void> => {
      const { signal } = this.#ending
      for (;;) {
        const leftMs = (this.#criticalSinceMs ?? Number.NaN) + afterMs - this.#clock.now()
        // It has recovered meanwhile.
        if (Number.isNaN(leftMs)) break
        if (leftMs <= 0) return this.#onCriticalTooLong()
        await this.#clock.sleep(leftMs, signal)
        if (signal.aborted) return
      }
      this.#isReaping = false
    }
    this.#isReaping = true
    void wait()
  }
}

const expiredPrefix = 'TTL expired (last output before timeout follows): '

function expiredOutput(last: string): string {
  if (last === '' || last === 'TTL expired' || last.startsWith(expiredPrefix)) {
    return last === '' ? 'TTL expired' : last
  }
  return expiredPrefix + last
}
