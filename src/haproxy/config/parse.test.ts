import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse.ts'
import { printConfig } from './print.ts'
import { quoteWord } from './quote.ts'
import { splitSections } from './sections.ts'
import { ConfigSyntaxError } from './syntax-error.ts'

const sample = `# made by hand
.if version_atleast(2.4)
global # here
\tmaxconn 10

   defaults  base
  mode   http
defaults from base
listen web from base
  bind :80\r
  server a 10.0.0.1:80
backend "b x"
userlist u
  user x password y
no end of line`

describe('parseConfig', () => {
  it('knows sections with their names, parents and lines', () => {
    const { preamble, sections } = parseConfig(sample)
    expect(preamble.map(({ text }) => text)).toEqual(['# made by hand', '.if version_atleast(2.4)'])
    expect(sections.map(({ keyword, name, from }) => [keyword, name, from])).toEqual([
      ['global', '', undefined],
      ['defaults', 'base', undefined],
      ['defaults', '', 'base'],
      ['listen', 'web', 'base'],
      ['backend', 'b x', undefined],
      ['userlist', 'u', undefined],
    ])
    expect(sections[3]?.lines.map(({ words, number }) => [number, ...words])).toEqual([
      [10, 'bind', ':80'],
      [11, 'server', 'a', '10.0.0.1:80'],
    ])
  })

  it('takes text out of any section as a section of its own', () => {
    const { sections } = parseConfig('\n# x\nodd thing\n  more\nglobal\n')
    expect(sections.map(({ keyword, name }) => [keyword, name])).toEqual([
      ['odd', 'thing'],
      ['global', ''],
    ])
  })

  it('knows a section by its first word, however it is written', () => {
    const text = '\v"back"end a\r\n\r\tpeers\\x20 p\nbackend\u0001 b\n healthcheck h\n'
    const { sections } = parseConfig(text)
    expect(sections.map(({ keyword, name }) => [keyword, name])).toEqual([
      ['backend', 'a'],
      ['healthcheck', 'h'],
    ])
    const marks = splitSections(`${text}ring r\n "$X" y\n`)
    expect(marks.map(({ hasQuotedKeywords }) => hasQuotedKeywords)).toEqual([true, false, true])
    expect(marks.map(({ hasDirectives }) => hasDirectives)).toEqual([false, false, true])
  })

  it('finds what a section inherits from where HAProxy looks for it', () => {
    const parents = (header: string): unknown => {
      const [section] = parseConfig(header).sections
      return [section?.name, section?.from]
    }
    expect(parents('defaults from base')).toEqual(['', 'base'])
    expect(parents('defaults from from base')).toEqual(['from', 'base'])
    expect(parents('defaults from')).toEqual(['from', undefined])
    expect(parents('listen from base')).toEqual(['from', undefined])
    expect(parents('backend from from from')).toEqual(['from', 'from'])
    expect(parents('backend x y from base')).toEqual(['x', undefined])
    expect(parents('backend x from')).toEqual(['x', undefined])
  })

  it('says in which line a quote is left open', () => {
    const parse = (): unknown => parseConfig('global\n  log "x\n')
    expect(parse).toThrow(ConfigSyntaxError)
    expect(parse).toThrow('line 2: a " without its other half')
  })
})

const blank = fc.constantFrom(' ', '  ', '\t', ' \t')
const word = fc
  .string({ minLength: 1, unit: 'grapheme' })
  .filter((text) => !text.includes('\0'))
  .map(quoteWord)
const keyword = fc.constantFrom(
  'global',
  'defaults',
  'backend',
  'listen',
  'server',
  'bind',
  '.if',
  '#',
  '',
)
const line = fc
  .tuple(
    fc.option(blank, { nil: '' }),
    keyword,
    fc.array(fc.tuple(blank, word)),
    fc.constantFrom('\n', '\r\n', ' \n', ' # c\n'),
  )
  .map(([indent, first, rest, end]) => `${indent}${first}${rest.flat().join('')}${end}`)

describe('printConfig', () => {
  it('gives back what was parsed, byte for byte', () => {
    for (const text of [
      '',
      '\n',
      ' ',
      sample,
      `${sample}\n`,
      '\r\n\r\n',
      'global',
      '\n\nbackend x\n\n',
    ]) {
      expect(printConfig(parseConfig(text))).toBe(text)
    }
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('', '# end', 'backend x'), (lines, end) => {
        const text = lines.join('') + end
        expect(printConfig(parseConfig(text))).toBe(text)
      }),
    )
  })

  it('gives back any text, or the text is refused', () => {
    const letters = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\r',
      '"',
      "'",
      '\\',
      '$',
      '{',
      '}',
      '#',
      'global',
      'backend ',
      '.if',
    )
    fc.assert(
      fc.property(fc.string({ unit: letters }), (text) => {
        try {
          expect(printConfig(parseConfig(text))).toBe(text)
        } catch (error) {
          if (!(error instanceof ConfigSyntaxError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})
