import { textOfTime, timeType } from './go-time.ts'
import type { GoType, StructType } from '../go/types.ts'
import { goMap, list, structOf, valueOf, valueOfJson, zeroOf } from '../go/values.ts'
import type { Value } from '../go/values.ts'

const isRecord = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** Go matches the keys of JSON with the names of fields without regard to case. */
function decodeStruct(json: Readonly<Record<string, unknown>>, type: StructType): Value {
  const byName = new Map(Object.entries(json).map(([key, value]) => [key.toLowerCase(), value]))
  const fields = [...type.fields].map(
    ([name, fieldType]) => [name, decodeJson(byName.get(name.toLowerCase()), fieldType)] as const,
  )
  return structOf(type, Object.fromEntries(fields))
}

/**
 * JSON as a value of a Go type, as Go's encoding/json decodes it; the zero value for what is
 * missing, null or of another type.
 */
export function decodeJson(json: unknown, type: GoType): Value {
  const zero = valueOf(zeroOf(type))
  switch (type.kind) {
    case 'bool':
      return json === true
    case 'string':
      return typeof json === 'string' ? json : zero
    case 'int':
    case 'uint':
      if (!Number.isInteger(json)) return zero
      return type.name === 'int'
        ? BigInt(json as number)
        : { kind: 'integer', type, value: BigInt(json as number) }
    case 'float':
      return typeof json === 'number' ? json : zero
    case 'slice':
      if (!Array.isArray(json)) return zero
      return list(
        type,
        json.map((item: unknown) => decodeJson(item, type.element)),
      )
    case 'map':
      if (!isRecord(json)) return zero
      return goMap(
        type,
        Object.entries(json).map(([key, value]) => [key, decodeJson(value, type.element)] as const),
      )
    case 'struct':
      if (type.name === timeType.name) return textOfTime(typeof json === 'string' ? json : '')
      return isRecord(json) ? decodeStruct(json, type) : zero
    case 'pointer':
      if (json === null || json === undefined) return zero
      return { kind: 'pointer', type, target: decodeJson(json, type.element) }
    case 'interface':
    case 'complex':
    case 'function':
    case 'reflected':
      break
  }
  return valueOfJson(json)
}
