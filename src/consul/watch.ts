import { setMaxListeners } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { FairleadError } from '../model/errors.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import type { Answer, Consul, RequestOptions, WatchState } from './contract.ts'
import { ConsulError } from './errors.ts'

const defaultWaitMs = 5 * 60_000
/** While no leader is known an answer is asked for at least so often: nothing else says it is back. */
const staleWaitMs = 5000
/** A server whose last word from the leader is older than this is not believed to be current. */
const mostLastContactMs = 5000
const firstPauseMs = 100
const mostPauseMs = 5000
/** After so long without a failure the next one is retried at once again. */
const calmMs = 10_000

export type WatchOptions = {
  /** As of a request; `stale: true` lets any server answer, also without a leader. */
  readonly query?: RequestOptions['query']
  readonly clock: Clock
  /**
   * How long one request blocks at most; 5 minutes by default, Consul takes no more than 10. So long
   * it may also take until an agent that went silent without closing the connection is missed.
   */
  readonly waitMs?: number
  /** Told after every answer and every failure; must not throw. */
  readonly onState?: (state: WatchState) => void
  readonly signal: AbortSignal
}

/**
 * Follows a path by blocking queries, for ever: yields the answer there is, and then one for every
 * change; it never yields what is the same as before, and never throws. A slow reader gets the newest
 * answer and not every one in between. While Consul does not answer it tries again, at first at once,
 * then after pauses of 0.1 to 5 s. Ends when the signal aborts; a request under way ends with it.
 *
 * Source: https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export async function* watch<T>(
  consul: Consul,
  path: string,
  options: WatchOptions,
): AsyncGenerator<Answer<T>, void, undefined> {
  const { clock, signal } = options
  // As many watches as there are may share one signal.
  setMaxListeners(0, signal)
  const progress = new WatchProgress<T>(options)
  while (!signal.aborted) {
    try {
      const answer = await consul.get<T>(path, progress.request())
      const isNews = progress.answered(answer)
      if (isNews) yield answer
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof FairleadError)) throw error
      progress.failed(error)
    }
    const pauseMs = progress.takePauseMs()
    if (pauseMs > 0) await clock.sleep(pauseMs, signal)
  }
}

/**
 * One answer now, without blocking: retried as a watch does, `tries` times in all (5 by default).
 * Throws ConsulError: the last one, and one that says "refused" at once.
 */
export async function readOnce<T>(
  consul: Consul,
  path: string,
  options: Omit<WatchOptions, 'waitMs' | 'onState'> & { readonly tries?: number },
): Promise<Answer<T>> {
  const { clock, signal, query = {}, tries = 5 } = options
  const backoff = new Backoff(firstPauseMs, mostPauseMs)
  for (let left = tries - 1; ; left--) {
    try {
      return await consul.get<T>(path, { query, signal })
    } catch (error) {
      const canRetry = error instanceof ConsulError && error.code === 'consul_unreachable'
      if (!canRetry || left <= 0 || signal.aborted) throw error
      if (left < tries - 1) await clock.sleep(backoff.next(), signal)
    }
  }
}

/** What a watch remembers from one request to the next. */
class WatchProgress<T> {
  readonly #options: WatchOptions
  readonly #waitMs: number
  readonly #failures = new Backoff(firstPauseMs, mostPauseMs)
  readonly #repeats = new Backoff(firstPauseMs, mostPauseMs)
  #state: WatchState
  #last: Answer<T> | undefined
  /** 0: the next request does not block. */
  #index = 0
  #askedAtMs = 0
  #failedAtMs = Number.NEGATIVE_INFINITY
  #repeatCount = 0
  #pauseMs = 0

  constructor(options: WatchOptions) {
    this.#options = options
    this.#waitMs = options.waitMs ?? defaultWaitMs
    const sinceMs = options.clock.now()
    this.#state = { state: 'waiting', error: '', sinceMs, answeredAtMs: undefined }
  }

  request(): RequestOptions {
    const { query = {}, signal, clock } = this.#options
    this.#askedAtMs = clock.now()
    if (this.#index === 0) return { query, signal }
    const isStale = this.#state.state === 'stale'
    const waitMs = isStale ? Math.min(this.#waitMs, staleWaitMs) : this.#waitMs
    return {
      query: { ...query, index: this.#index, wait: `${waitMs}ms` },
      signal,
      // Consul adds up to a sixteenth, so that not all watches come back at once.
      timeoutMs: waitMs + waitMs / 16 + 10_000,
    }
  }

  /** Takes an answer; whether it has something new. */
  answered(answer: Answer<T>): boolean {
    const now = this.#options.clock.now()
    const isForward = answer.index > (this.#last?.index ?? 0)
    const isNews = this.#isNews(answer, isForward)
    this.#pauseMs = this.#pauseAfter(answer, isForward, now)
    // An index that goes backwards, or is none, is of no use (manual: Blocking Queries).
    const isBackwards = answer.index < this.#index
    this.#index = isBackwards ? 0 : answer.index
    this.#last = answer
    const isStale = !answer.isLeaderKnown || answer.lastContactMs > mostLastContactMs
    this.#report(isStale ? 'stale' : 'current', '', now)
    return isNews
  }

  /** The next request does not block, so that it soon is known whether Consul is back. */
  failed(error: FairleadError): void {
    const now = this.#options.clock.now()
    const isFirst = now - this.#failedAtMs > calmMs
    if (isFirst) this.#failures.reset()
    this.#pauseMs = isFirst ? 0 : this.#failures.next()
    this.#failedAtMs = now
    this.#index = 0
    this.#report('waiting', error.message, now)
  }

  /** How long to wait before the next request; asked once. */
  takePauseMs(): number {
    const pauseMs = this.#pauseMs
    this.#pauseMs = 0
    return pauseMs
  }

  /**
   * A higher index is a change. The same one is none while the watch goes on; after a failure or an
   * index that went backwards it may be another Consul's, or one that has lost its state.
   */
  #isNews(answer: Answer<T>, isForward: boolean): boolean {
    if (this.#last === undefined || isForward) return true
    if (this.#index !== 0 && answer.index === this.#last.index) return false
    return !isDeepStrictEqual(answer.value, this.#last.value)
  }

  /** Answers that come at once and bring nothing would otherwise be asked for without end. */
  #pauseAfter(answer: Answer<T>, isForward: boolean, now: number): number {
    const hasWaited = now - this.#askedAtMs >= 1000
    if (isForward || hasWaited) {
      this.#repeats.reset()
      this.#repeatCount = 0
      return answer.index === 0 ? mostPauseMs : 0
    }
    // A request that does not block has to come back at once.
    if (this.#index === 0 && answer.index > 0) return 0
    this.#repeatCount++
    return this.#repeatCount === 1 && answer.index > 0 ? 0 : this.#repeats.next()
  }

  #report(state: WatchState['state'], error: string, now: number): void {
    const sinceMs = this.#state.state === state ? this.#state.sinceMs : now
    const answeredAtMs = state === 'waiting' ? this.#state.answeredAtMs : now
    this.#state = { state, error, sinceMs, answeredAtMs }
    this.#options.onState?.(this.#state)
  }
}
