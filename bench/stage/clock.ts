/**
 * Unix milliseconds with fractions, to be compared with the `timeNano` of Docker's events.
 *
 * `performance.timeOrigin` is read once at process start and does not follow the system's clock
 * when that is slewed, so the offset is taken anew here: at a tick of `Date.now()`.
 */
export function wallClock(): () => number {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  const offset = now - performance.now()
  return () => offset + performance.now()
}
