import { expect, it } from 'vitest'
import { ConsulApiError } from './errors.ts'
import { durationField, parseFields } from './fields.ts'

it.each(['1e999', '-1e999', `"${'9'.repeat(400)}h"`, '"3000000h"', '"1"', 'true'])(
  'takes %s for no duration: it could not be kept',
  (value) => {
    const fields = parseFields(`{"Interval": ${value}}`)
    expect(() => durationField(fields, 'Interval')).toThrow(ConsulApiError)
  },
)
