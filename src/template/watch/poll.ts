import type { Answer, Consul } from '../../consul/contract.ts'
import type { Clock } from '../../support/clock.ts'
import type { FailedTry } from './failures.ts'
import type { RetryRule } from './retries.ts'
import { Retries } from './retries.ts'
import type { Query } from './topic.ts'
import type { Turns } from './turns.ts'

/** At least so long from one request to the next, once two answers have come quickly. */
const leastGapMs = 100
const mostDitherMs = 20
/** How long a poll blocks while others wait for its turn. */
const shortWaitMs = 2000
/** What comes without an index cannot be waited for, but asked for so often. */
const unindexedPauseMs = 1000
/** On top of the wait, for the answer itself. */
const graceMs = 10_000

/** What all polls share. */
export type Polling = {
  /** Sees to it that not too many requests are answered at once at a time. */
  readonly consul: Consul
  readonly clock: Clock
  readonly blockQueryWaitMs: number
  readonly retry: RetryRule
  /** For requests that block. */
  readonly turns: Turns
}

export type Asked = {
  readonly path: string
  readonly query: Query
  /** It may block no longer than this: Consul does not tell of all that can happen. */
  readonly mostWaitMs?: number
}

export type PollListener = {
  readonly onAnswer: (value: unknown) => void
  readonly onFailure: (failed: FailedTry) => void
  /** Told of each try that succeeds, also of one without anything new. */
  readonly onSuccess: () => void
  /**
   * Told before an answer whose index has fallen by half or more: it is another Consul's, or of one
   * that lost its state. No server is behind another by so much.
   */
  readonly onReset?: () => void
}

/**
 * Asks by blocking queries until the signal aborts or the attempts are used up, and tells each
 * answer that may be new: that is for the listener to find out. `asked` is called before each
 * request that does not block.
 */
export async function poll(
  polling: Polling,
  asked: (signal: AbortSignal) => Promise<Asked> | Asked,
  listener: PollListener,
  signal: AbortSignal,
): Promise<void> {
  const retries = new Retries(polling.retry)
  const pace = new Pace(polling.clock)
  let question: Asked | undefined
  let index = 0
  let highest = 0
  while (!signal.aborted) {
    await pace.wait(signal)
    try {
      if (index === 0 || question === undefined) question = await asked(signal)
      const answer = await request(polling, question, index, signal)
      if (answer === undefined) continue
      if (signal.aborted) return
      retries.succeeded()
      listener.onSuccess()
      if (answer.index * 2 <= highest) listener.onReset?.()
      highest = answer.index
      if (index === 0 || answer.index !== index) listener.onAnswer(answer.value)
      index = answer.index < index ? 0 : answer.index
      if (answer.index === 0) await polling.clock.sleep(unindexedPauseMs, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Error)) throw error
      // The next request does not block: it soon tells whether Consul is back.
      index = 0
      const { failures, retryInMs } = retries.failed()
      listener.onFailure({ error, failures, retryInMs })
      if (retryInMs === undefined) return
      await polling.clock.sleep(retryInMs, signal)
    }
  }
}

/** Undefined: the turn was needed by somebody else. */
async function request(
  { consul, blockQueryWaitMs, turns }: Polling,
  { path, query, mostWaitMs = Infinity }: Asked,
  index: number,
  signal: AbortSignal,
): Promise<Answer<unknown> | undefined> {
  if (index === 0) return consul.get(path, { query, signal })
  const turn = await turns.take(signal)
  const ending = new AbortController()
  const end = (): void => ending.abort()
  signal.addEventListener('abort', end, { once: true })
  turn.ending.addEventListener('abort', end, { once: true })
  // The turn may have been taken away, or all be over, before this could be heard.
  if (signal.aborted || turn.ending.aborted) end()
  const longMs = Math.min(blockQueryWaitMs, mostWaitMs)
  const waitMs = turn.isShort ? Math.min(shortWaitMs, longMs) : longMs
  try {
    return await consul.get(path, {
      query: { ...query, index, wait: `${waitMs}ms` },
      signal: ending.signal,
      // Consul adds up to a sixteenth, so that not all polls come back at once.
      timeoutMs: waitMs + waitMs / 16 + graceMs,
    })
  } catch (error) {
    if (turn.ending.aborted) return undefined
    throw error
  } finally {
    signal.removeEventListener('abort', end)
    turn.end()
  }
}

/** Keeps requests apart that are answered at once, but not the first two after a quiet time. */
class Pace {
  readonly #clock: Clock
  #startedAtMs = Number.NEGATIVE_INFINITY
  #quickInARow = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async wait(signal: AbortSignal): Promise<void> {
    const tookMs = this.#clock.now() - this.#startedAtMs
    this.#quickInARow = tookMs < leastGapMs ? this.#quickInARow + 1 : 0
    if (this.#quickInARow > 1) {
      await this.#clock.sleep(leastGapMs - tookMs + Math.random() * mostDitherMs, signal)
    }
    this.#startedAtMs = this.#clock.now()
  }
}
