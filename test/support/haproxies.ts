import { findHaproxies, haproxyLines } from '../../scripts/lib/haproxy-lines.mjs'
import type { FoundHaproxy } from '../../scripts/lib/haproxy-lines.mjs'

/**
 * A HAProxy of each line that is tested with, the oldest first, for `describe.each`; a version is
 * what the program says of itself. Throws when one is not on this machine.
 */
export function haproxyPrograms(): readonly FoundHaproxy[] {
  const found = foundHaproxies()
  const missing = haproxyLines.filter(({ line }) => found.every((one) => one.line !== line))
  if (missing.length === 0) return found
  const names = missing.map(({ line }) => line).join(' and ')
  throw new Error(`HAProxy ${names} is missing. Bring it with: node scripts/setup.mjs --haproxies`)
}

/** Those of them that are on this machine. */
export function foundHaproxies(): readonly FoundHaproxy[] {
  return findHaproxies()
}
