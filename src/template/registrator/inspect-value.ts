import { pointerTo } from '../go/types.ts'
import type { Pointer } from '../go/values.ts'
import { decodeJson } from './decode-json.ts'
import { containerType } from './inspect-types.ts'

/** Docker's JSON about a container as the value of a template, with Go's names of its fields. */
export function inspectForTemplate(inspect: object): Pointer {
  return {
    kind: 'pointer',
    type: pointerTo(containerType),
    target: decodeJson(inspect, containerType),
  }
}
