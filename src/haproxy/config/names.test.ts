import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeName, encodeName } from './names.ts'

// Well-formed text: half a surrogate pair has no UTF-8 form.
const anyName = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(':', '3', 'a', ' ', '/', 'é', '.') }),
)

describe('encodeName', () => {
  it('keeps what HAProxy allows and encodes the rest byte by byte', () => {
    expect(encodeName('pi1:web.1:80')).toBe('pi1:web.1:80')
    expect(encodeName('a b')).toBe('a::20b')
    expect(encodeName('é')).toBe('::c3::a9')
    expect(encodeName('a::b')).toBe('a::3a:b')
  })

  it('makes only names that HAProxy allows', () => {
    fc.assert(fc.property(anyName, (name) => /^[A-Za-z0-9_.:-]*$/.test(encodeName(name))))
  })

  it('is undone by decodeName, so two names never become one', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(decodeName(encodeName(name))).toBe(name)
      }),
    )
  })
})

describe('decodeName', () => {
  it('refuses every name that encodeName never makes', () => {
    for (const name of ['::', 'a::', '::zz', '::61', 'a b', '::3A', 'é', '::3a::3a']) {
      expect([name, decodeName(name)]).toEqual([name, undefined])
    }
  })

  it('knows exactly the names that encodeName makes', () => {
    const encoded = fc.string({ unit: fc.constantFrom(':', '2', '0', 'a', 'f', '-') })
    fc.assert(
      fc.property(encoded, (text) => {
        const name = decodeName(text)
        expect(name === undefined || encodeName(name) === text).toBe(true)
      }),
    )
  })
})
