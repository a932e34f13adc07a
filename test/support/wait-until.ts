/** Waits until the condition holds; throws with its name when it does not within the time. */
export async function waitUntil(
  what: string,
  condition: () => boolean,
  timeoutMs = 25_000,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
