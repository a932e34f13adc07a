import { setTimeout as sleep } from 'node:timers/promises'

const askAgainMs = 20

/** Waits until the condition holds; throws with its name, and its last error, when it does not in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs
  let cause: unknown
  while (performance.now() < endsAtMs) {
    try {
      if (await condition()) return
      cause = undefined
    } catch (error) {
      cause = error
    }
    await sleep(askAgainMs)
  }
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  throw new Error(`waited ${timeoutMs} ms in vain: ${what}${reason}`, { cause })
}
