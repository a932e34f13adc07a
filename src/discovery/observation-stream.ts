import type { Observation } from '../model/candidate.ts'
import { Channel } from '../support/channel.ts'

/** Takes what a source observes, in order. */
export type Publisher = (observation: Observation) => void

/**
 * What `watch` publishes, in order, until the signal aborts or the reader wants no more: then its own
 * signal aborts, and the stream ends when it has. `watch` runs until then and does not throw.
 */
export async function* observationsOf(
  watch: (publish: Publisher, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Observation, void, undefined> {
  const stop = new AbortController()
  const stopNow = (): void => stop.abort()
  signal.addEventListener('abort', stopNow, { once: true })
  if (signal.aborted) stop.abort()
  const channel = new Channel<Observation>(stop.signal)
  const running = watch((observation) => channel.push(observation), stop.signal)
  try {
    yield* channel
  } finally {
    signal.removeEventListener('abort', stopNow)
    stop.abort()
    await running
  }
}
