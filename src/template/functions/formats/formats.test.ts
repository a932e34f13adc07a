import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyMapType, anySliceType, anyType, bytesType, intType, mapOf } from '../../go/types.ts'
import type { GoType } from '../../go/types.ts'
import { execute, parseTemplate } from '../../go/template.ts'
import { goMap, list, structOf, valueOfJson } from '../../go/values.ts'
import type { Value } from '../../go/values.ts'
import { TemplateError } from '../../template-error.ts'
import { formatFunctions } from './all-formats.ts'

function rendered(template: string, value: Value = null): string {
  const parsed = parseTemplate('', template, { functions: formatFunctions, missingKey: 'zero' })
  return execute(parsed, value)
}

const json = JSON.stringify({ b: { x: 1, y: [1, 'two', 2.5, null, true] }, a: 's', h: '<&>' })

describe('parseJSON', () => {
  it.each([
    ['{{parseJSON .}}', '12345678', '1.2345678e+07'],
    ['{{printf "%d" (parseJSON .)}}', '8080', '%!d(float64=8080)'],
    ['{{(parseJSON .).missing}}', '{}', '<no value>'],
    ['{{parseJSON .}}', '"s"', 's'],
    ['{{parseJSON .}}', '', 'map[]'],
    ['{{parseJSON .}}', ' {"b":[1,null],"a":{"x":true}} ', 'map[a:map[x:true] b:[1 <nil>]]'],
    ['{{parseJSON .}}', '{"a":1,"a":2}', 'map[a:2]'],
    ['{{printf "%q" (parseJSON .)}}', '"\\ud800 \\ud83d\\ude00"', '"� 😀"'],
    ['{{parseJSON .}}', '{"__proto__":1}', 'map[__proto__:1]'],
  ])('%s of %j gives %j', (template, text, expected) => {
    expect(rendered(template, text)).toBe(expected)
  })

  it.each([
    ['{', 'unexpected end of JSON input'],
    ['{"a":', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['nope', "invalid character 'o' in literal null (expecting 'u')"],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['1 2', "invalid character '2' after top-level value"],
    ['01', "invalid character '1' after top-level value"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
  ])('says why %j is not JSON', (text, message) => {
    expect(() => rendered('{{parseJSON .}}', text)).toThrow(`error calling parseJSON: ${message}`)
  })

  it('refuses what is nested beyond measure', () => {
    expect(() => rendered('{{parseJSON .}}', '['.repeat(5000) + ']'.repeat(5000))).toThrow(
      'nested more than 500 levels deep',
    )
    expect(() => rendered('{{parseJSON .}}', '['.repeat(200_000))).toThrow('exceeded max depth')
  })
})

describe('toJSON', () => {
  it('sorts keys, and escapes what HTML would take for its own', () => {
    expect(rendered('{{toJSON (parseJSON .)}}', json)).toBe(
      '{"a":"s","b":{"x":1,"y":[1,"two",2.5,null,true]},"h":"\\u003c\\u0026\\u003e"}',
    )
    expect(rendered('{{toUnescapedJSON (parseJSON .)}}', json)).toBe(
      '{"a":"s","b":{"x":1,"y":[1,"two",2.5,null,true]},"h":"<&>"}',
    )
  })

  it('writes each item on a line of its own', () => {
    expect(rendered('{{toJSONPretty (parseJSON .)}}', '{"b":{"x":1,"y":[1,{}]},"a":[]}')).toBe(
      '{\n  "a": [],\n  "b": {\n    "x": 1,\n    "y": [\n      1,\n      {}\n    ]\n  }\n}',
    )
    expect(rendered('{{toUnescapedJSONPretty (parseJSON .)}}', '{"h":"<"}')).toBe(
      '{\n  "h": "<"\n}',
    )
  })

  it.each([
    ['{{toJSON 1e-7}}', '1e-7'],
    ['{{toJSON 1e21}}', '1e+21'],
    ['{{toJSON 123456789012.0}}', '123456789012'],
    ['{{toJSON 1.5}}', '1.5'],
    ['{{toJSON "é✓\\u2028\\t\\x01"}}', '"é✓\\u2028\\t\\u0001"'],
    ['{{toJSON "\\xff\\b"}}', '"\\ufffd\\b"'],
    ['{{toJSON "😀"}}', '"😀"'],
    ['{{toJSON .}}', 'null'],
  ])('%s gives %j', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it('writes structs in the order of their fields, bytes in base64, integers as keys', () => {
    const type = {
      kind: 'struct' as const,
      name: 'x.T',
      fields: new Map<string, GoType>([
        ['Zeta', intType],
        ['Alpha', bytesType],
      ]),
    }
    const struct = structOf(type, { Zeta: 1n, Alpha: Buffer.from('hi') })
    expect(rendered('{{toJSON .}}', struct)).toBe('{"Zeta":1,"Alpha":"aGk="}')
    const numbers = goMap(mapOf(intType, anyType), [
      [9n, 'a'],
      [10n, 'b'],
    ])
    expect(rendered('{{toJSON .}}', numbers)).toBe('{"10":"b","9":"a"}')
  })

  it('refuses maps with keys of any type, and numbers that JSON does not have', () => {
    expect(() => rendered('{{parseYAML "a: 1" | toJSON}}')).toThrow(
      'error calling toJSON: toJSON: json: unsupported type: map[interface {}]interface {}',
    )
    expect(() => rendered('{{toJSON .}}', Infinity)).toThrow('json: unsupported value: +Inf')
  })

  it('refuses a map inside itself', () => {
    const entries = new Map<string, Value>()
    const map: Value = { kind: 'map', type: anyMapType, entries }
    entries.set('self', map)
    expect(() => rendered('{{toJSON .}}', map)).toThrow('nested more than')
    expect(() => rendered('{{toYAML .}}', map)).toThrow('nested more than')
    expect(() => rendered('{{toTOML .}}', map)).toThrow('nested more than')
  })

  it('gives up when lists inside lists become too long a text', () => {
    let value: Value = list(anySliceType, ['x'.repeat(100_000)])
    for (let level = 0; level < 40; level++) value = list(anySliceType, [value, value])
    expect(() => rendered('{{toJSON .}}', value)).toThrow('the text becomes longer than')
    expect(() => rendered('{{toYAML .}}', value)).toThrow('the text becomes longer than')
    const map = goMap(anyMapType, [['a', value]])
    expect(() => rendered('{{toTOML .}}', map)).toThrow('the text becomes longer than')
  })
})

describe('toTOML', () => {
  it.each([
    [
      '{"a":"s","n":{"x":1.5,"l":["p","q"]},"i":3,"t":true}',
      'a = "s"\ni = 3.0\nt = true\n\n[n]\n  l = ["p", "q"]\n  x = 1.5',
    ],
    ['{"l":[{"a":1},{"a":2}]}', '[[l]]\n  a = 1.0\n\n[[l]]\n  a = 2.0'],
    ['{"key with space":"q\\"uote\\n","e":{}}', '"key with space" = "q\\"uote\\n"\n\n[e]'],
    ['{"a":{"b":{"c":1}},"z":[],"f":1.25}', 'f = 1.25\nz = []\n\n[a]\n  [a.b]\n    c = 1.0'],
    ['{"n":null,"m":[[1],["a",{"x":1}]]}', 'm = [[1.0], ["a", {x = 1.0}]]'],
    ['{"a.b":{"c":1}}', '["a.b"]\n  c = 1.0'],
    ['{}', ''],
  ])('writes %s', (text, expected) => {
    expect(rendered('{{toTOML (parseJSON .)}}', text)).toBe(expected)
  })

  it('takes nothing but maps, and no lists with nil inside', () => {
    expect(() => rendered('{{toTOML "a"}}')).toThrow("can't handle")
    expect(() => rendered('{{toTOML (parseJSON .)}}', '{"a":[null]}')).toThrow(
      'toTOML: toml: cannot encode array with nil element',
    )
  })
})

describe('every format', () => {
  const anything = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array(),
      fc.array(tie('value')).map((items) => list(anySliceType, items)),
      fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => goMap(anyMapType, entries)),
      fc
        .array(fc.tuple(fc.oneof(fc.boolean(), fc.double(), fc.string()), tie('value')))
        .map((entries) => goMap(mapOf(anyType, anyType), entries)),
      fc.constant(formatFunctions.toJSON ?? null),
    ),
  })).value

  it('gives a text or a TemplateError for any value', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(...Object.keys(formatFunctions)), (value, name) => {
        try {
          expect(rendered(`{{${name} .}}`, value)).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('gives JSON back as it was written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, isPretty) => {
        const text = JSON.stringify(value)
        const name = isPretty ? 'toJSONPretty' : 'toJSON'
        const back: unknown = JSON.parse(rendered(`{{parseJSON . | ${name}}}`, text))
        expect(back).toEqual(JSON.parse(text))
      }),
    )
  })

  it('gives JSON-like values back from YAML', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const go = valueOfJson(value)
        const parts = rendered('{{print (printf "%v" .)}}\n{{print (toYAML . | parseYAML)}}', go)
        const [before, after] = [parts.slice(0, parts.length / 2), parts.slice(-parts.length / 2)]
        expect(after.trim()).toBe(before.trim())
      }),
    )
  })
})
