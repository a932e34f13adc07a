import type { StructType } from '../go/types.ts'
import type { Struct } from '../go/values.ts'

/** Go's time.Time; templates can print it. */
export const timeType: StructType = { kind: 'struct', name: 'time.Time', fields: new Map() }

const rfc3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const zero = '0001-01-01 00:00:00 +0000 UTC'

/** A time as Go prints it, from RFC 3339; the zero time for anything else. */
export function textOfTime(text: string): Struct {
  const [, date = '', time = '', fraction = '', offset = ''] = rfc3339.exec(text) ?? []
  const zone = offset.replace(':', '')
  const places = fraction.replace(/\.?0+$/, '')
  const isUtc = zone === 'Z' || zone === '+0000'
  const shown = `${date} ${time}${places} ${isUtc ? '+0000 UTC' : `${zone} ${zone}`}`
  return { kind: 'struct', type: timeType, fields: new Map(), text: date === '' ? zero : shown }
}
