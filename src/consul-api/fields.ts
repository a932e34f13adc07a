import { parseGoDuration } from '../support/go-duration.ts'
import { ConsulApiError } from './errors.ts'

/** The fields of a JSON object by their names in lower case, without underscores. */
export type Fields = ReadonlyMap<string, unknown>

/**
 * A JSON text as fields. Consul reads names without regard to case, and takes its configuration's
 * `snake_case` as well; null counts as absent. Throws ConsulApiError (400).
 */
export function parseFields(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ConsulApiError(400, `Request decode failed: ${decodeFault(text)}`)
  }
  return value === null ? new Map() : fieldsOf(value, 'body')
}

export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(value, where, 'object')
  }
  return new Map(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [fieldName(name), field]),
  )
}

export function fieldName(name: string): string {
  return name.toLowerCase().replaceAll('_', '')
}

export function stringField(fields: Fields, name: string): string {
  const value = fields.get(fieldName(name)) ?? ''
  if (typeof value !== 'string') throw wrongType(value, name, 'string')
  return value
}

export function booleanField(fields: Fields, name: string): boolean {
  const value = fields.get(fieldName(name)) ?? false
  if (typeof value !== 'boolean') throw wrongType(value, name, 'bool')
  return value
}

/** A whole number; 0 when it is not there. */
export function integerField(fields: Fields, name: string): number {
  const value = fields.get(fieldName(name)) ?? 0
  if (!Number.isSafeInteger(value)) throw wrongType(value, name, 'int')
  return value as number
}

/** Milliseconds; a number counts nanoseconds, as in Go. 0 when it is not there. */
export function durationField(fields: Fields, name: string): number {
  const value = fields.get(fieldName(name)) ?? 0
  // JSON knows numbers that are infinite here, and in what is kept of them nothing.
  if (typeof value === 'number' && Number.isFinite(value)) return value / 1e6
  if (typeof value !== 'string') throw wrongType(value, name, 'time.Duration')
  if (value === '') return 0
  const ms = parseGoDuration(value)
  if (ms !== undefined) return ms
  throw new ConsulApiError(
    400,
    `Request decode failed: time: invalid duration ${JSON.stringify(value)}`,
  )
}

export function stringsField(fields: Fields, name: string): readonly string[] {
  const value = fields.get(fieldName(name)) ?? []
  if (!Array.isArray(value)) throw wrongType(value, name, '[]string')
  for (const each of value) if (typeof each !== 'string') throw wrongType(each, name, 'string')
  return value as readonly string[]
}

export function listField(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(fieldName(name)) ?? []
  if (!Array.isArray(value)) throw wrongType(value, name, 'slice')
  return value
}

/** An object whose values are read by `read`; its keys stay as they are. */
export function mapField<T>(
  fields: Fields,
  name: string,
  read: (value: unknown) => T,
): Readonly<Record<string, T>> {
  const value = fields.get(fieldName(name)) ?? {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(value, name, 'map')
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, read(each)]))
}

/** For the values of a map. */
export function stringValue(where: string): (value: unknown) => string {
  return (value) => {
    if (typeof value !== 'string') throw wrongType(value, where, 'string')
    return value
  }
}

export function wrongType(value: unknown, field: string, wanted: string): ConsulApiError {
  const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return new ConsulApiError(
    400,
    `Request decode failed: json: cannot unmarshal ${given} into Go struct field .${field} of type ${wanted}`,
  )
}

function decodeFault(text: string): string {
  return text.trim() === '' ? 'EOF' : 'unexpected EOF or a character that JSON does not have here'
}
