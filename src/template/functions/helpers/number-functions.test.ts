import { describe, expect, it } from 'vitest'
import { renderedHelpers as rendered } from '../../../../test/support/helper-template.ts'

const least = '(parseInt "-9223372036854775808")'
const greatestUnsigned = '(parseUint "18446744073709551615")'

describe('functions that read numbers and truths', () => {
  it.each([
    ['{{parseBool ""}} {{parseBool "T"}} {{parseBool "0"}}', 'false true false'],
    ['{{parseInt ""}} {{parseInt "+7"}} {{parseInt "-0"}}', '0 7 0'],
    ['{{parseInt "000000000000000000000000000009"}}', '9'],
    ['{{parseInt "-9223372036854775808"}}', '-9223372036854775808'],
    ['{{printf "%T %T" (parseInt "1") (parseUint "")}}', 'int64 uint64'],
    ['{{parseFloat ""}} {{parseFloat "1_0.5e1"}} {{parseFloat ".5"}}', '0 105 0.5'],
    ['{{parseFloat "-Inf"}} {{parseFloat "infinity"}} {{parseFloat "nAn"}}', '-Inf +Inf NaN'],
    ['{{parseFloat "0x1.8p1"}} {{parseFloat "-0X.8P-1"}} {{parseFloat "0x_1p0"}}', '3 -0.25 1'],
    ['{{parseFloat "0x1p-1074"}} {{parseFloat "0x1p-1075"}}', '5e-324 0'],
    ['{{parseFloat "0x1.00000000000008p0"}}', '1'],
    ['{{parseFloat "0x1.000000000000080000000000000000000000000001p0"}}', '1.0000000000000002'],
    ['{{parseFloat "0x1.fffffffffffffp1023"}}', '1.7976931348623157e+308'],
    ['{{parseFloat "1e-400"}} {{parseFloat "1."}}', '0 1'],
  ])('%s gives %s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it.each([
    ['parseBool', 'yes', 'strconv.ParseBool: parsing "yes": invalid syntax'],
    ['parseInt', '1_0', 'strconv.ParseInt: parsing "1_0": invalid syntax'],
    ['parseInt', '+', 'strconv.ParseInt: parsing "+": invalid syntax'],
    [
      'parseInt',
      '-9223372036854775809',
      'strconv.ParseInt: parsing "-9223372036854775809": value out of range',
    ],
    ['parseUint', '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ['parseUint', '+1', 'strconv.ParseUint: parsing "+1": invalid syntax'],
    [
      'parseUint',
      '18446744073709551616',
      'strconv.ParseUint: parsing "18446744073709551616": value out of range',
    ],
    ['parseFloat', '1e400', 'strconv.ParseFloat: parsing "1e400": value out of range'],
    ['parseFloat', '-0x1p1024', 'strconv.ParseFloat: parsing "-0x1p1024": value out of range'],
    ['parseFloat', '0x10', 'strconv.ParseFloat: parsing "0x10": invalid syntax'],
    ['parseFloat', '1__0', 'strconv.ParseFloat: parsing "1__0": invalid syntax'],
    ['parseFloat', '.', 'strconv.ParseFloat: parsing ".": invalid syntax'],
    ['parseFloat', '+nan', 'strconv.ParseFloat: parsing "+nan": invalid syntax'],
    ['parseFloat', 'é\n', 'strconv.ParseFloat: parsing "é\\n": invalid syntax'],
  ])('%s %j', (name, text, reason) => {
    expect(() => rendered(`{{${name} .}}`, text)).toThrow(
      `error calling ${name}: ${name}: ${reason}`,
    )
  })
})

describe('functions that calculate', () => {
  it.each([
    [`{{subtract 1 ${least}}}`, '9223372036854775807'],
    [`{{divide -1 ${least}}}`, '-9223372036854775808'],
    [`{{modulo -1 ${least}}}`, '0'],
    [`{{multiply ${greatestUnsigned} ${greatestUnsigned}}}`, '1'],
    [`{{add ${greatestUnsigned} 1}}`, '0'],
    [`{{printf "%T" (add ${greatestUnsigned} 1)}}`, 'int64'],
    ['{{subtract (parseUint "1") (parseUint "0")}}', '18446744073709551615'],
    ['{{7 | divide -2}} {{-7 | modulo 3}} {{-7 | divide 2}}', '-3 -1 -3'],
    [
      '{{10 | divide 4.0}} {{divide 0 1.0}} {{divide 0.0 -1}} {{divide 0.0 0}}',
      '2.5 +Inf -Inf NaN',
    ],
    [`{{minimum ${greatestUnsigned} 1}}`, '18446744073709551615'],
    [`{{maximum (parseUint "2") (parseUint "3")}}`, '3'],
    [
      '{{printf "%T %T %T" (maximum 1 2) (maximum 1.5 1) (minimum (parseUint "1") 2)}}',
      'int64 float64 uint64',
    ],
    ['{{minimum 2 1.5}} {{maximum 2 1.5}}', '1.5 2'],
  ])('%s gives %s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it.each([
    ['{{divide 0 1}}', 'error calling divide: runtime error: integer divide by zero'],
    ['{{modulo (parseUint "0") 1}}', 'error calling modulo: runtime error: integer divide by zero'],
    ['{{add "1" 2}}', 'error calling add: add: unknown type for "1" (string)'],
    ['{{add 1 true}}', 'add: unknown type for %!q(bool=true) (bool)'],
    ['{{add nil 1}}', 'add: unknown type for <invalid reflect.Value> (<nil>)'],
    ['{{modulo 1 2.5}}', 'modulo: unknown type for %!q(float64=2.5) (float64)'],
    ['{{minimum (split "," "a,b") 1}}', 'minimum: unknown type for ["a" "b"] ([]string)'],
  ])('%s fails', (template, reason) => {
    expect(() => rendered(template)).toThrow(reason)
  })
})
