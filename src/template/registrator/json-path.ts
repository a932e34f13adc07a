import { textOfBytes } from '../go/byte-text.ts'

const separator = '::'

/**
 * The value at a path of keys, `a::b`, in a JSON object: a string as it is, anything else as JSON
 * writes it; empty when there is none or the bytes are not JSON.
 */
export function jsonAt(bytes: Uint8Array, path: string): string {
  let value = parsed(textOfBytes(bytes))
  for (const key of path.split(separator)) {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    if (!isObject) return ''
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Registrator's templates see an empty text for what is not JSON, such as a failed request.
    return undefined
  }
}
