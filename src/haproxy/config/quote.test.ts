import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quoteWord } from './quote.ts'
import { splitWords } from './split-words.ts'

const nasty = [
  'plain',
  'a b',
  'tab\there',
  "it's",
  '"quoted"',
  `both ' and "`,
  '$HOME ${HOME} ${HOME-x}',
  `'$HOME'`,
  String.raw`back\slash \n \x41`,
  'trailing\\',
  'line\nfeed\r\n',
  '# no comment',
  'a#b',
  '\u0001\u001f\u007f',
  'é 漢 🙂',
  '%[src]',
  '} or { always_true',
  '-f',
]

const anyValue = fc
  .oneof(
    fc.string({ minLength: 1, unit: 'grapheme' }),
    fc.string({
      minLength: 1,
      unit: fc.constantFrom(
        "'",
        '"',
        '\\',
        '$',
        '{',
        '}',
        ' ',
        '#',
        '\t',
        '\n',
        '\r',
        'x',
        '4',
        '\u0007',
      ),
    }),
  )
  .filter((value) => !value.includes('\0'))

describe('quoteWord', () => {
  it('writes a word that splits back into exactly the value', () => {
    for (const value of nasty)
      expect(splitWords(`a ${quoteWord(value)} b`, 1)).toEqual(['a', value, 'b'])
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(splitWords(`a ${quoteWord(value)} b`, 1)).toEqual(['a', value, 'b'])
      }),
      { numRuns: 500 },
    )
  })

  it('stays on one line', () => {
    fc.assert(fc.property(anyValue, (value) => !/[\n\r]/.test(quoteWord(value))))
  })

  it('refuses what cannot be written', () => {
    expect(() => quoteWord('')).toThrow(RangeError)
    expect(() => quoteWord('a\0b')).toThrow(RangeError)
  })

  it('means the same to HAProxy itself', () => {
    const values = [...nasty, ...fc.sample(anyValue, 150)]
    const output = haproxySays(values)
    for (const [index, value] of values.entries()) {
      expect(output).toContain(`<${index}:${value}:${index}>`)
    }
  })
})

/** Has HAProxy read each word into a variable and say it aloud, without starting anything. */
function haproxySays(values: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-quote-'))
  try {
    const file = join(folder, 'haproxy.cfg')
    const words = values.map((value, index) => `  setenv V${index} ${quoteWord(value)}\n`)
    const notices = values.map((_, index) => `.notice "<${index}:\${V${index}}:${index}>"\n`)
    writeFileSync(file, `global\n${words.join('')}${notices.join('')}`)
    const { stdout, stderr, error } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })
    if (error !== undefined) throw error
    return stdout + stderr
  } finally {
    rmSync(folder, { recursive: true })
  }
}
