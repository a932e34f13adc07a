import type { GoMap } from './values.ts'

/*
 * Values stay as they are, but for maps that functions like `scratch.MapSet` and Sprig's `set`
 * change. What is kept about values is not true for those.
 */

const changed = new WeakSet<GoMap>()
let changes = 0

/** To be called by whatever changes a map that a template may have seen. */
export function noteChange(map: GoMap): void {
  changed.add(map)
  changes++
}

/** Whether a map was ever changed: then it may be again. */
export function hasChanged(map: GoMap): boolean {
  return changed.has(map)
}

/** How often any map was changed; it may be inside of others. */
export function changeCount(): number {
  return changes
}
