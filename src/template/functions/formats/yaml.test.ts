import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { execute, parseTemplate } from '../../go/template.ts'
import { bytesOfText, textOfBytes } from '../../go/byte-text.ts'
import type { Value } from '../../go/values.ts'
import { formatFunctions } from './all-formats.ts'

function rendered(template: string, value: Value = null): string {
  const parsed = parseTemplate('', template, { functions: formatFunctions, missingKey: 'zero' })
  return execute(parsed, value)
}

const parsed = (text: string) => rendered('{{parseYAML .}}', text)

describe('parseYAML', () => {
  it.each([
    ['a: 1', 'map[a:1]'],
    ['[1, 2.5, x, null, yes, ~, 0x10, 010, 1e3]', '[1 2.5 x <nil> true <nil> 16 8 1000]'],
    ['|\n  t\n', 't\n'],
    ['---\na: 1\n---\nb: 2', 'map[a:1]'],
    ['s: "x\\ny"\nl: |\n  one\n  two\nf: >\n  a\n  b\n', 'map[f:a b\n l:one\ntwo\n s:x\ny]'],
    ['[y, Y, no, N, on, Off, TRUE, tRUE]', '[true true false false true false true tRUE]'],
    ['[0o17, 0b101, -0x1F, +7, 1_000, 09, 1.5_0]', '[15 5 -31 7 1000 9 1.5]'],
    [
      '[.5, -.inf, .NaN, 1e400, 18446744073709551615, 1:30]',
      '[0.5 -Inf NaN 1e400 18446744073709551615 1:30]',
    ],
    ['[2020-01-02, "1", \'2\', 1.2.3]', '[2020-01-02 1 2 1.2.3]'],
    ['1: a\n2.5: b\ntrue: c\n"x": d', 'map[x:d true:c 1:a 2.5:b]'],
    ['', 'map[]'],
    ['# nothing', '<no value>'],
    [
      'a: !!str 1\nb: !!int "3"\nc: !!float 2\nd: !!binary aGk=\ne: !mine x',
      'map[a:1 b:3 c:2 d:hi e:x]',
    ],
    ['a: &x {b: 1}\nc: *x', 'map[a:map[b:1] c:map[b:1]]'],
    ['a: &x [&y 1]\nb: &y 2\nc: *x\nd: *y', 'map[a:[1] b:2 c:[1] d:2]'],
    ['a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3', 'map[a:map[k:1 l:2] b:map[k:1 l:3]]'],
    ['x: {<<: [{a: 1}, {a: 2, b: 3}], c: 4}', 'map[x:map[a:1 b:3 c:4]]'],
    ['a: 1\na: 2', 'map[a:2]'],
  ])('reads %j as %s', (text, expected) => {
    expect(parsed(text)).toBe(expected)
  })

  it('gives Go types', () => {
    expect(rendered('{{range parseYAML .}}{{printf "%T " .}}{{end}}', '[1, 1.5, a, {}, []]')).toBe(
      'int float64 string map[interface {}]interface {} []interface {} ',
    )
  })

  it.each([
    ['a: [', 'yaml: line '],
    ['a: b: c', 'yaml: line 1: '],
    ['a: *x', "yaml: unknown anchor 'x' referenced"],
    ['a: &x [*x]', "yaml: anchor 'x' value contains itself"],
    ['a: !!int x', 'yaml: cannot decode !!str `x` as a !!int'],
    ['{[a]: 1}', 'yaml: invalid map key: [a]'],
    ['<<: 1', 'yaml: map merge requires map or sequence of maps as the value'],
    ['['.repeat(100_000), 'nested too deep'],
    ['- '.repeat(100_000), 'nested too deep'],
    ['? '.repeat(100_000), 'nested too deep'],
    ['a: '.repeat(100_000), 'nested too deep'],
    [Array.from({ length: 600 }, (_, at) => `${' '.repeat(at)}a:\n`).join(''), 'nested too deep'],
  ])('refuses what is wrong (%#)', (text, message) => {
    expect(() => parsed(text)).toThrow(message)
  })

  it('refuses a few lines that would make millions', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let level = 1; level < 10; level++) {
      const alias = `*a${level - 1}`
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => alias).join(', ')}]`)
    }
    expect(() => parsed(lines.join('\n'))).toThrow('document contains excessive aliasing')
  })

  it('ends for any text, and says what is wrong as an error', () => {
    const pieces = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '<<',
      '|',
      '"',
      "'",
      '? ',
      '!!int ',
      '#',
      '---',
      '%',
      '\t',
      '1',
      ',',
      '>',
      '@',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          expect(parsed(parts.join(''))).toBeTypeOf('string')
        } catch (error) {
          expect(String(error)).toMatch(/error calling parseYAML/)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('toYAML', () => {
  const json = (text: string) => rendered('{{toYAML (parseJSON .)}}', text)

  it.each([
    [
      '{"k":[{"a":1,"b":[1,2]},{"c":{}}],"10":1,"9":2,"y":"yes","n":"null","d":"2020-01-01","sp":" x","q":"it\'s"}',
      '"9": 2\n"10": 1\nd: "2020-01-01"\nk:\n- a: 1\n  b:\n  - 1\n  - 2\n- c: {}\n"n": "null"\nq: it\'s\nsp: \' x\'\n"y": "yes"',
    ],
    [
      '{"big":12345678901,"f":1.5,"html":"<a>&\'","n":null,"nest":{"a":[{"k":"v"}],"z":1},"ports":[80,443]}',
      'big: 1.2345678901e+10\nf: 1.5\nhtml: <a>&\'\n"n": null\nnest:\n  a:\n  - k: v\n  z: 1\nports:\n- 80\n- 443',
    ],
    ['[[1,[2]],[]]', '- - 1\n  - - 2\n- []'],
    ['[]', '[]'],
    ['{}', '{}'],
    ['"str"', 'str'],
    ['""', '""'],
    ['1.5', '1.5'],
    [
      '{"bind":"*:80","t":"10s","c":"a: b","h":"a #b","u":"a:b","w":"a#b"}',
      "bind: '*:80'\nc: 'a: b'\nh: 'a #b'\nt: 10s\nu: a:b\nw: a#b",
    ],
    [
      '{"a":"one\\ntwo","b":"one\\ntwo\\n","c":"x\\n\\n","d":" x\\ny"}',
      'a: |-\n  one\n  two\nb: |\n  one\n  two\nc: |+\n  x\n\nd: |2-\n   x\n  y',
    ],
    ['["a\\nb",{"c":"d\\ne"}]', '- |-\n  a\n  b\n- c: |-\n    d\n    e'],
    [
      '{"a":"tab\\there","b":"\\u0007é😀","c":"x \\ny"}',
      'a: "tab\\there"\nb: "\\aé\\U0001F600"\nc: "x \\ny"',
    ],
    [
      '["1","1.5","0x1","true","~","1e3","12:30:45","-","- a","?","a?","@x","%x","!x",",x","x,y","---a"]',
      "- \"1\"\n- \"1.5\"\n- \"0x1\"\n- \"true\"\n- \"~\"\n- \"1e3\"\n- \"12:30:45\"\n- '-'\n- '- a'\n- '?'\n- a?\n- '@x'\n- '%x'\n- '!x'\n- ',x'\n- x,y\n- '---a'",
    ],
  ])('writes %s', (text, expected) => {
    expect(json(text)).toBe(expected)
  })

  it('orders keys as people do', () => {
    expect(json('{"a10":1,"a9":1,"b":1,"a":1,"B":1,"1a":1,"_":1,"a-1":1}')).toBe(
      ['_', '1a', 'B', 'a', 'a-1', 'a9', 'a10', 'b'].map((key) => `${key}: 1`).join('\n'),
    )
  })

  it('folds long lines at a space behind column 80', () => {
    const word = 'abcdefghi '
    expect(json(`{"k":"${word.repeat(10)}end"}`)).toBe(
      `k: ${word.repeat(8).trim()}\n  ${word.repeat(2)}end`,
    )
  })

  it('writes bytes that are no text in base64, and reads them back', () => {
    const bytes = textOfBytes(Uint8Array.of(0xff, 0xfe, 0x00))
    expect(rendered('{{toYAML .}}', bytes)).toBe('!!binary //4A')
    const long = textOfBytes(Uint8Array.from({ length: 100 }, () => 0xff))
    const back = rendered('{{toYAML . | parseYAML}}', long)
    expect(bytesOfText(back)).toEqual(bytesOfText(long))
  })

  it('gives any text back, as a value, a key and an item', () => {
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom(...Array.from(' \n\t:#-\'"\\,[]{}&*!|>%@`?.~0123ab\r\u0085\u2028é')),
          fc.string(),
        ),
      )
      // What ends with the last line's end loses it: the space around the whole text is cut off.
      .map((parts) => parts.join('').replace(/\n+$/, ''))
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'grapheme' })), (value) => {
        for (const shape of [[value], { [value]: 1 }, { k: value }, [[{ k: [value] }]]]) {
          const source = JSON.stringify(shape)
          const template = '{{define "v"}}{{printf "%#v" .}}{{end}}'
          const before = rendered(`${template}{{template "v" (parseJSON .)}}`, source)
          const after = rendered(
            `${template}{{template "v" (parseJSON . | toYAML | parseYAML)}}`,
            source,
          )
          expect(after.replaceAll('map[interface {}]', 'map[string]')).toBe(before)
        }
      }),
      { numRuns: 300 },
    )
  })
})
