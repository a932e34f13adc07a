import { block, either, leaf } from './fields.ts'
import type { Converted, Field, ValueOf } from './fields.ts'
import type { WaitSetting } from './contract.ts'
import { ConfigMistake } from './mistake.ts'
import { bool, duration, durationOf } from './values.ts'

const waitBlock = block({ enabled: bool, min: duration, max: duration })

export type GivenWait = ValueOf<typeof waitBlock>

/** `wait { min = "5s" max = "10s" }`, or `wait = "5s:10s"`. */
export const wait: Field<GivenWait> = either(
  leaf<GivenWait>('wait', (node) => (node.kind === 'text' ? parseWait(node.text) : undefined)),
  'text',
  waitBlock,
)

/** `min[:max]`; the fault is in consul-template's words. */
export function parseWait(written: string): Converted<GivenWait> {
  const given = written.trim()
  if (given === '') return { fault: 'wait: cannot be empty' }
  const parts = given.split(':')
  if (parts.length > 2) return { fault: 'wait: invalid format' }
  const [min, max] = parts.map((part) => durationOf(part))
  if (min === undefined || 'fault' in min) return min ?? { fault: 'wait: cannot be empty' }
  if (max !== undefined && 'fault' in max) return max
  const value = max === undefined ? { min: min.value } : { min: min.value, max: max.value }
  const fault = waitFault(value)
  return fault === undefined ? { value } : { fault }
}

function waitFault({ min = 0, max = 4 * min }: GivenWait): string | undefined {
  if (min < 0 || max < 0) return 'wait: cannot be negative'
  return max < min ? 'wait: min must be less than max' : undefined
}

/** Undefined: it does not wait. Throws a ConfigMistake. */
export function completeWait(given: GivenWait | undefined): WaitSetting | undefined {
  if (given === undefined) return undefined
  const fault = waitFault(given)
  if (fault !== undefined) throw new ConfigMistake(fault)
  const { min = 0, max = 4 * min, enabled = min > 0 || max > 0 } = given
  return enabled ? { minMs: min, maxMs: max } : undefined
}
