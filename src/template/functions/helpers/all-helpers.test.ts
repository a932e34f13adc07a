import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainSurroundings, renderedHelpers } from '../../../../test/support/helper-template.ts'
import { TemplateError } from '../../template-error.ts'
import { goMap, list } from '../../go/values.ts'
import type { GoFunction, Value } from '../../go/values.ts'
import { anyMapType, anySliceType, intType, stringSliceType, stringType } from '../../go/types.ts'
import type { GoType } from '../../go/types.ts'
import { executionHelpers, helperFunctions } from './all-helpers.ts'

const functions = {
  ...helperFunctions,
  ...executionHelpers({
    surroundings: plainSurroundings,
    execution: { execute: () => '' },
    recall: () => undefined,
    waitFor: () => undefined,
  }),
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', 'a,b', '1', '-5', '1e9', '(', '(a*)*$', '$1', '2006-01-02', 'GetPrivateIP'),
  // Bytes that are not UTF-8, and much of something.
  fc.constantFrom('\udcff', 'a\udcc3', '\udca9', 'x'.repeat(100_000), 'é,'.repeat(20_000)),
)

const whole = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 1_000_000_000n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)

const basic: fc.Arbitrary<Value> = fc.oneof(
  text,
  whole,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
)

const values = fc.array(basic, { maxLength: 4 }).map((all) => list(anySliceType, all))
const texts = fc.array(text, { maxLength: 4 }).map((all) => list(stringSliceType, all))
const map = fc
  .array(fc.tuple(text, basic), { maxLength: 4 })
  .map((entries) => goMap(anyMapType, entries))

const value: fc.Arbitrary<Value> = fc.oneof({ weight: 4, arbitrary: basic }, values, texts, map)

/** Mostly what fits a parameter's type. */
function fitting(type: GoType): fc.Arbitrary<Value> {
  if (type.name === stringType.name) return fc.oneof({ weight: 9, arbitrary: text }, value)
  if (type.name === intType.name) return fc.oneof({ weight: 9, arbitrary: whole }, value)
  if (type.name === stringSliceType.name) return fc.oneof({ weight: 9, arbitrary: texts }, value)
  if (type.name === anyMapType.name) return fc.oneof({ weight: 9, arbitrary: map }, value)
  return type.name === anySliceType.name ? fc.oneof({ weight: 9, arbitrary: values }, value) : value
}

function argumentsOf({ parameters, rest }: GoFunction): fc.Arbitrary<readonly Value[]> {
  const given = fc.tuple(...parameters.map(fitting))
  const others = rest === undefined ? fc.constant([]) : fc.array(fitting(rest), { maxLength: 3 })
  return fc.tuple(given, others).map((both) => both.flat())
}

describe('helper functions', () => {
  it.each(Object.entries(functions))(
    '%s gives a result or says why not, whatever it is given',
    (name, callee) => {
      fc.assert(
        fc.property(argumentsOf(callee), (args) => {
          const operands = args.map((_, index) => `(index . ${index})`).join(' ')
          try {
            expect(
              typeof renderedHelpers(`{{${name} ${operands}}}`, list(anySliceType, args)),
            ).toBe('string')
          } catch (error) {
            // What a function has not foreseen would be the cause of the template's error.
            expect(error).toBeInstanceOf(TemplateError)
            const { cause } = error as TemplateError
            if (cause !== undefined) expect(cause).toBeInstanceOf(TemplateError)
          }
        }),
      )
    },
  )
})
