import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeWord, splitCommand, unsendable } from './words.ts'

describe('words of a command', () => {
  it('come back as they were, whatever printable text is in them', () => {
    const word = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/\p{Cc}/u.test(text))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        expect(splitCommand(words.map(escapeWord).join(' '))).toEqual(words)
      }),
    )
  })

  const hostile = fc.string({
    unit: fc.constantFrom('\\', ';', ' ', '\n', '\r', '\0', '<', 'a', 'é'),
  })

  it('never make two commands of one', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const command = `set map /m key ${escapeWord(value)}`
        if (unsendable(command) === undefined)
          expect(command).not.toMatch(/[\r\n\0]|(?<!\\)(?:\\\\)*;/)
      }),
    )
  })

  it('are refused as a payload mark, too long, or nothing', () => {
    expect(unsendable('add map /m key <<')).toContain('payload')
    expect(unsendable('add map /m key <<end')).toContain('payload')
    expect(unsendable(`add map /m key ${'x'.repeat(13_000)}`)).toContain('longer')
    expect(unsendable('  ')).toContain('empty')
    expect(unsendable(String.raw`set map /m key a\;b`)).toBe(undefined)
    expect(unsendable(String.raw`set map /m key a\\;b`)).toContain(';')
  })
})
