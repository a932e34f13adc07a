import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigMistake } from './mistake.ts'
import { parseConfig } from './parse-config.ts'
import type { ConfigNode } from './syntax.ts'

const parse = (text: string): ConfigNode => parseConfig({ name: 'ct.hcl', text })

/** Why it was refused; undefined: it was not. Anything but a ConfigMistake is thrown on. */
function refusal(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof ConfigMistake) return error.message
    throw error
  }
}

/** A block as a list of [key, value], values as JavaScript has them. */
function plain(node: ConfigNode): unknown {
  if (node.kind === 'text') return node.text
  if (node.kind === 'null') return null
  if (node.kind === 'list') return node.items.map(plain)
  if (node.kind === 'block') return node.entries.map(({ name, value }) => [name, plain(value)])
  return node.value
}

const entries = (text: string): unknown => plain(parse(text))

describe('HCL, version 1', () => {
  it.each<[what: string, text: string, expected: unknown]>([
    ['nothing', '', []],
    ['a text', 'a = "x"', [['a', 'x']]],
    [
      'several on one line',
      'a = 1 b = "x" c = true',
      [
        ['a', 1],
        ['b', 'x'],
        ['c', true],
      ],
    ],
    ['a block', 'a { b = 1 }', [['a', [['b', 1]]]]],
    ['a block that is assigned', 'a = { b = 1 }', [['a', [['b', 1]]]]],
    [
      'a block that begins on its line',
      'a { b = "x"\n c = "y" }',
      [
        [
          'a',
          [
            ['b', 'x'],
            ['c', 'y'],
          ],
        ],
      ],
    ],
    ['an empty block', 'a {}', [['a', []]]],
    [
      'commas between keys',
      'a { b = 1, c = 2, }',
      [
        [
          'a',
          [
            ['b', 1],
            ['c', 2],
          ],
        ],
      ],
    ],
    [
      'a key twice',
      'a { } a { }',
      [
        ['a', []],
        ['a', []],
      ],
    ],
    ['labels', 'a "b" "c" { d = 1 }', [['a', [['b', [['c', [['d', 1]]]]]]]]],
    ['a key in quotes', '"a" = 1', [['a', 1]]],
    ['dashes and dots in keys', 'a-b.c = 1', [['a-b.c', 1]]],
    [
      'comments',
      '# x\na = 1 // y\n/* z\n */ b = 2 # w',
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
    ['a list', 'a = ["x", 2, true]', [['a', ['x', 2, true]]]],
    ['a comma behind the last item', 'a = [\n"x", # c\n"y",\n]', [['a', ['x', 'y']]]],
    ['a list of blocks', 'a = [{ b = 1 }, { b = 2 }]', [['a', [[['b', 1]], [['b', 2]]]]]],
    [
      'octal numbers',
      'a = 0644 b = 0',
      [
        ['a', 420],
        ['b', 0],
      ],
    ],
    ['hexadecimal numbers', 'a = 0x1F', [['a', 31]]],
    [
      'negative numbers and fractions',
      'a = -3 b = 1.5 c = 1e3',
      [
        ['a', -3],
        ['b', 1.5],
        ['c', 1000],
      ],
    ],
    ['escapes', String.raw`a = "\"\\\n\t\x41\101\u00e9\U0001F600"`, [['a', '"\\\n\tAAé😀']]],
    ['braces of templates', 'a = "{{ key \\"b\\" }}"', [['a', '{{ key "b" }}']]],
    ['${} as it is', 'a = "x ${b("c\\n")} y"', [['a', 'x ${b("c\\n")} y']]],
    ['a dollar alone', 'a = "$5 $HOME"', [['a', '$5 $HOME']]],
    [
      'a heredoc',
      'a = <<EOF\nx\n  "y" ${z}\nEOF\nb = 1',
      [
        ['a', 'x\n  "y" ${z}\n'],
        ['b', 1],
      ],
    ],
    ['an empty heredoc', 'a = <<EOF\nEOF', [['a', '']]],
    ['an indented heredoc', 'a = <<-EOF\n  x\n    y\n  EOF\n', [['a', 'x\n  y\n']]],
    ['a line left of its end', 'a = <<-EOF\n x\n    y\n  EOF\n', [['a', ' x\n    y\n']]],
    ['a word that only begins like the end', 'a = <<E\nEx\nE\n', [['a', 'Ex\n']]],
    ['Windows lines', 'a {\r\n  b = "x"\r\n}\r\n', [['a', [['b', 'x']]]]],
    ['a byte order mark', '\uFEFFa = 1', [['a', 1]]],
  ])('has %s', (_, text, expected) => {
    expect(entries(text)).toEqual(expected)
  })

  it.each([
    ['a = foo', '1:5: Unknown token: foo; a text wants double quotes'],
    ['a = ', '1:5: a value is expected, got end'],
    ['a {', '1:4: object expected closing RBRACE got: end'],
    ['a = 1\n}', '2:1: object expected a key, got }'],
    ['a = "x', '1:5: literal not terminated'],
    ['a = "x\ny"', '1:5: literal not terminated'],
    ['a = "${x', '1:5: expected terminating brace'],
    [String.raw`a = "\q"`, '1:6: illegal char escape'],
    [String.raw`a = "\u12"`, '1:6: illegal char escape'],
    [String.raw`a = "\UFFFFFFFF"`, '1:6: illegal char escape'],
    ['a = [1 2]', '1:8: error parsing list, expected comma or list end, got: number'],
    ['a = [1,', '1:8: a value is expected, got end'],
    ['a "b" = 1', '1:7: nested object expected: LBRACE got: ASSIGN'],
    ['a', "1:2: key 'a' expected start of object ('{') or assignment ('=')"],
    ['a = 089', '1:5: illegal octal number: 089'],
    ['a = <<EOF\nx', '1:5: heredoc not terminated'],
    ['a = <<\nx', '1:5: zero-length heredoc anchor'],
    ['/* a', '1:1: comment not terminated'],
    ['a = 1\nb = ?', '2:5: illegal character "?"'],
    ['a = '.repeat(2), '1:5: Unknown token: a; a text wants double quotes'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => parse(text)).toThrow(new ConfigMistake(`error decoding config: ct.hcl:${message}`))
  })
})

describe('JSON', () => {
  it.each<[text: string, expected: unknown]>([
    ['{}', []],
    [' { "a": { "b": [1, "x", null] } } ', [['a', [['b', [1, 'x', null]]]]]],
    ['{"a": [{"b": true}, {"b": false}]}', [['a', [[['b', true]], [['b', false]]]]]],
    [String.raw`{"a": "\u00e9\/\"\n"}`, [['a', 'é/"\n']]],
    [
      '{"a": -1.5e2, "b": 420}',
      [
        ['a', -150],
        ['b', 420],
      ],
    ],
    [
      '{"a": 1, "a": 2,}',
      [
        ['a', 1],
        ['a', 2],
      ],
    ],
    ['{"a": "{{ key `b` }}"}', [['a', '{{ key `b` }}']]],
  ])('%s', (text, expected) => {
    expect(entries(text)).toEqual(expected)
  })

  it.each([
    ['{"a": 1', '1:8: unexpected end of the text'],
    ['{"a" 1}', '1:6: unexpected "1"'],
    ['{a: 1}', '1:2: unexpected "a"'],
    ['{"a": 1} x', '1:10: unexpected "x"'],
    ['{\n"a": 01}', '2:7: unexpected "1"'],
    [String.raw`{"a": "\q"}`, '1:7: a text with a wrong escape'],
    ['{"a": "x}', '1:7: unexpected "\\""'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => parse(text)).toThrow(new ConfigMistake(`error decoding config: ct.hcl:${message}`))
  })
})

describe('any text', () => {
  const pieces =
    'a|=|{|}|[|]|,|"|\\|${|<<E\n|<<-E\n|E\n|#|//|/*|*/|0644|-1.5|true|:|null|\r|é|"x"|{"a":| |\n'.split(
      '|',
    )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join('')),
  )

  it('parses, or is refused with its place', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(refusal(() => parse(text)) ?? 'ct.hcl:1:1: none').toMatch(/ct\.hcl:\d+:\d+: ./)
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['[', '{"a":', 'a {', 'a = [', '"${', 'a "b" '])(
    'made of many %j is refused',
    (piece) => {
      expect(() => parse(piece.repeat(50_000))).toThrow(ConfigMistake)
      expect(() => parse(`b = ${piece.repeat(50_000)}`)).toThrow(ConfigMistake)
    },
  )

  it('has texts and comments of any length', () => {
    const long = 'x \\n'.repeat(500_000)
    expect(parse(`a = "${long}" # ${long}\n${' '.repeat(1_000_000)}`).kind).toBe('block')
    expect(parse(`{"a": "${long}"${' \n'.repeat(500_000)}}`).kind).toBe('block')
  })
})
