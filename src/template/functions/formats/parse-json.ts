import { callFailure } from '../../go/failure.ts'
import { anyMapType, anySliceType } from '../../go/types.ts'
import { goMap, list } from '../../go/values.ts'
import type { Value } from '../../go/values.ts'
import { jsonMistake } from './json-mistake.ts'
import { checkDepth } from './output.ts'

const loneSurrogates = /\p{Surrogate}/gu

/** What is no valid UTF-8 or UTF-16 becomes U+FFFD. */
const wellFormed = (text: string): string => text.replaceAll(loneSurrogates, '\ufffd')

function decoded(json: unknown, depth: number): Value {
  checkDepth(depth)
  if (json === null || json === undefined) return null
  if (typeof json === 'string') return wellFormed(json)
  if (typeof json === 'boolean') return json
  if (typeof json === 'number') {
    if (Number.isFinite(json)) return json
    throw callFailure('json: cannot unmarshal number into Go value of type float64')
  }
  if (Array.isArray(json)) {
    return list(
      anySliceType,
      json.map((item: unknown) => decoded(item, depth + 1)),
    )
  }
  const entries = Object.entries(json).map(
    ([key, value]) => [wellFormed(key), decoded(value, depth + 1)] as const,
  )
  return goMap(anyMapType, entries)
}

/**
 * JSON as Go's encoding/json reads it without a type: every number is a `float64`. A TemplateError
 * in Go's words for what is not JSON.
 */
export function parseJson(text: string): Value {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw callFailure(jsonMistake(text) ?? 'invalid JSON', error)
  }
  return decoded(json, 0)
}
