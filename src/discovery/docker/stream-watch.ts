import type { Clock } from '../../support/clock.ts'
import type { DockerClient } from './client.ts'
import { DockerError } from './docker-error.ts'
import type { DockerEvent } from './docker-types.ts'

/** How often the daemon is asked whether the stream has told everything. */
const intervalMs = 3000
/** An answer that takes longer means that the daemon, or the way to it, is gone. */
const answerMs = 3000
/** Events younger than this may still be on their way. */
const marginMs = 1000
/** How long an event that the stream has not delivered is waited for. */
const graceMs = 500

/** The events that the live stream has delivered, as far back as the watch still needs. */
export class SeenEvents {
  readonly #timeNanoByKey = new Map<string, number>()

  add(event: DockerEvent): void {
    this.#timeNanoByKey.set(event.key, event.timeNano)
  }

  has(event: DockerEvent): boolean {
    return this.#timeNanoByKey.has(event.key)
  }

  forgetBefore(timeNano: number): void {
    for (const [key, each] of this.#timeNanoByKey) {
      if (each < timeNano) this.#timeNanoByKey.delete(key)
    }
  }
}

/**
 * Notices an event stream that is silent although its connection looks alive: every 3 s the daemon
 * is asked, on another connection, which events it had since the last time. No answer within 3 s,
 * or an event that the stream has not delivered, and it throws: within 8 s of the first lost event.
 * Resolves when the signal aborts.
 */
export async function watchStream(options: {
  readonly client: DockerClient
  readonly clock: Clock
  readonly seen: SeenEvents
  /** The daemon's clock when the stream was opened, and how far it is ahead of ours. */
  readonly sinceMs: number
  readonly aheadMs: number
  readonly signal: AbortSignal
}): Promise<void> {
  const { client, clock, seen, signal } = options
  let sinceMs = options.sinceMs
  for (;;) {
    await clock.sleep(intervalMs, signal)
    if (signal.aborted) return
    const untilMs = Math.max(sinceMs, clock.now() + options.aheadMs - marginMs)
    const past = await client.pastEvents(sinceMs, untilMs, { signal, timeoutMs: answerMs })
    if (past.some((each) => !seen.has(each))) await clock.sleep(graceMs, signal)
    if (signal.aborted) return
    const missed = past.find((each) => !seen.has(each))
    if (missed !== undefined) {
      throw new DockerError(
        `Docker at ${client.url}: the event stream is silent, it has not told of ${missed.action}`,
      )
    }
    seen.forgetBefore((sinceMs - marginMs) * 1e6)
    sinceMs = untilMs
  }
}
