import { callFailure } from '../../go/failure.ts'
import { defaultLimits } from '../../go/limits.ts'

/*
 * What functions make is also counted by the evaluator, but only once it is there. So that nothing
 * is even begun that no process could hold, functions look here first.
 */

/** Of one list or map that a function makes. */
export const mostItems = 1_000_000

/** Throws if a text would be longer than any function may make it; in UTF-16 units. */
export function refuseLongText(length: number): void {
  const most = defaultLimits.textBytes
  if (length > most) throw callFailure(`text of more than ${most} bytes`)
}

/** Throws if a list or map would have more items than any function may make. */
export function refuseManyItems(count: number): void {
  if (count > mostItems) throw callFailure(`more than ${mostItems} items`)
}
