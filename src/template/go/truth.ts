import { unboxed } from './values.ts'
import type { Reflected } from './values.ts'

/** Whether `if` takes a value for true: all but false, 0, "", nil, nothing and what is empty. */
export function isTrue(value: Reflected): boolean {
  const inside = unboxed(value)
  if (inside === undefined) return false
  // False, 0, 0.0 and ""; but, other than in JavaScript, NaN is true.
  if (typeof inside !== 'object') return Boolean(inside) || Number.isNaN(inside)
  if (inside instanceof Uint8Array) return inside.length > 0
  switch (inside.kind) {
    case 'integer':
      return inside.value !== 0n
    case 'complex':
      return inside.real !== 0 || inside.imag !== 0
    case 'list':
      return inside.items.length > 0
    case 'map':
      return inside.entries.size > 0
    case 'pointer':
      return inside.target !== null
    case 'struct':
    case 'function':
      break
  }
  return true
}
