import type { GoMap, Value } from './values.ts'

/** What values of templates were in JavaScript. */
const originals = new WeakMap<object, object>()

/** Remembers what a value was made of, so that functions get that. */
export function keepOriginal(value: Value, original: object): void {
  if (typeof value === 'object' && value !== null) originals.set(value, original)
}

/**
 * A value of templates in JavaScript: what came from JavaScript is the same object again; an
 * integer is a number, or a bigint if it is too large for one; a list is an array, a map an object,
 * or a Map if its keys are no texts; a struct is an object; nil is null.
 */
export function toJavaScript(value: Value): unknown {
  if (typeof value === 'bigint') return numberOf(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  const original = originals.get(value)
  if (original !== undefined) return original
  switch (value.kind) {
    case 'integer':
      return numberOf(value.value)
    case 'complex':
      return { real: value.real, imag: value.imag }
    case 'list':
      return value.items.map(toJavaScript)
    case 'map':
      return ofMap(value)
    case 'struct':
      return objectOf(value.fields)
    case 'pointer':
      return toJavaScript(value.target)
    case 'function':
      break
  }
  return value.call
}

const numberOf = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value

const objectOf = (entries: Iterable<readonly [string, Value]>): object =>
  Object.fromEntries(Array.from(entries, ([key, item]) => [key, toJavaScript(item)]))

function ofMap({ type, entries }: GoMap): unknown {
  if (type.key.kind === 'string') {
    return objectOf(Array.from(entries, ([key, item]) => [String(key), item]))
  }
  return new Map(Array.from(entries, ([key, item]) => [toJavaScript(key), toJavaScript(item)]))
}
