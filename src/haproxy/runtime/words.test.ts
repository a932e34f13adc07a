import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  escapeWord,
  mostPayloadBytes,
  payloadOf,
  showCommand,
  splitCommand,
  unsendable,
  withPayload,
} from './words.ts'

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

describe('a command with a payload', () => {
  const command = withPayload('set ssl cert /c/a.pem', 'one\r\n\n  \ntwo\n\n')

  it('has its lines, without those that would end it early', () => {
    expect(command).toBe('set ssl cert /c/a.pem <<\none\ntwo\n')
    expect(payloadOf(command)).toEqual(['one', 'two'])
    expect(splitCommand(command)).toEqual(['set', 'ssl', 'cert', '/c/a.pem'])
    expect(unsendable(command)).toBeUndefined()
    expect(unsendable(withPayload(String.raw`add map @? /m\ n.map`, 'a b'))).toBeUndefined()
  })

  it('is shown without it', () => {
    expect(showCommand(command)).toBe('set ssl cert /c/a.pem <<  (8 bytes)')
    const long = withPayload('set ssl cert /c/a.pem', 'x'.repeat(1703))
    expect(showCommand(long)).toBe('set ssl cert /c/a.pem <<  (1,704 bytes)')
    expect(showCommand('show info')).toBe('show info')
  })

  it('is refused where a value brings it along, when it is empty, and when HAProxy cannot hold it', () => {
    expect(unsendable('set map /m key <<\nshow info\n')).toContain('control')
    expect(unsendable('add map @1 /m key <<\nshow info\n')).toContain('control')
    expect(unsendable('set ssl cert /c <<\n')).toContain('empty')
    expect(unsendable('set ssl cert /c <<\na\n\nb\n')).toContain('empty')
    expect(unsendable('set ssl cert /c <<\na')).toContain('empty')
    expect(unsendable('set ssl cert /c <<\na\rb\n')).toContain('control')
    const head = Buffer.byteLength('set ssl cert /c <<\n\n')
    const full = withPayload('set ssl cert /c', 'x'.repeat(mostPayloadBytes - head))
    expect(unsendable(full)).toBeUndefined()
    expect(unsendable(full.replace('x', 'xx'))).toContain('longer')
  })
})
