import type { Clock } from '../support/clock.ts'
import { checkHttp } from './http-check.ts'
import type { CheckKind, CheckResult } from './instance.ts'
import { checkTcp } from './tcp-check.ts'

/** Connections that checks have open at once; more wait for their turn. */
const mostAtOnce = 32

/**
 * Runs HTTP and TCP checks: each at once when it is added, and again at its interval after each
 * result. However many there are, a few are under way at a time.
 */
export class CheckRunner {
  readonly #clock: Clock
  readonly #waiting: (() => void)[] = []
  #underWay = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many checks are under way now. */
  get underWay(): number {
    return this.#underWay
  }

  /** Runs a check until the signal aborts; `onResult` is told of every result. */
  async run(
    kind: Exclude<CheckKind, { type: 'ttl' }>,
    onResult: (result: CheckResult) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const result = await this.#once(kind, signal)
      if (result !== undefined && !signal.aborted) onResult(result)
      await this.#clock.sleep(kind.intervalMs, signal)
    }
  }

  async #once(
    kind: Exclude<CheckKind, { type: 'ttl' }>,
    signal: AbortSignal,
  ): Promise<CheckResult | undefined> {
    await this.#turn()
    try {
      if (signal.aborted) return undefined
      const ending = new AbortController()
      const end = (): void => ending.abort()
      signal.addEventListener('abort', end, { once: true })
      const over = new AbortController()
      void this.#clock.sleep(kind.timeoutMs, over.signal).then(end)
      try {
        return kind.type === 'tcp'
          ? await checkTcp(kind, ending.signal)
          : await checkHttp(kind, ending.signal)
      } finally {
        over.abort()
        signal.removeEventListener('abort', end)
      }
    } finally {
      this.#done()
    }
  }

  async #turn(): Promise<void> {
    if (this.#underWay < mostAtOnce) {
      this.#underWay += 1
      return
    }
    // Whoever is done hands its turn over.
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #done(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#underWay -= 1
    else next()
  }
}
