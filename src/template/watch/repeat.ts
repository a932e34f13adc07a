import type { Clock } from '../../support/clock.ts'
import type { PollListener } from './poll.ts'
import { Retries, type RetryRule } from './retries.ts'

/**
 * Reads something that cannot be waited for again and again, `everyMs` after the last time, until
 * the signal aborts or the attempts are used up.
 */
export async function repeat(
  options: { readonly clock: Clock; readonly retry: RetryRule; readonly everyMs: number },
  read: (signal: AbortSignal) => Promise<{ readonly value: unknown } | undefined>,
  listener: PollListener,
  signal: AbortSignal,
): Promise<void> {
  const { clock, retry, everyMs } = options
  const retries = new Retries(retry)
  while (!signal.aborted) {
    try {
      const answer = await read(signal)
      if (signal.aborted) return
      retries.succeeded()
      listener.onSuccess()
      if (answer !== undefined) listener.onAnswer(answer.value)
      await clock.sleep(everyMs, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Error)) throw error
      const { failures, retryInMs } = retries.failed()
      listener.onFailure({ error, failures, retryInMs })
      if (retryInMs === undefined) return
      await clock.sleep(retryInMs, signal)
    }
  }
}
