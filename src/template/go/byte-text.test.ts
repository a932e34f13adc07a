import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfText, compareBytes, textOfBytes } from './byte-text.ts'

const units = ['', 'a', 'ab', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\udc80', '\udcff']

describe('texts are compared', () => {
  it('by their bytes, whatever they are', () => {
    const text = fc
      .array(fc.constantFrom(...units))
      .map((parts) => textOfBytes(bytesOfText(parts.join(''))))
    fc.assert(
      fc.property(text, text, (a, b) => {
        const expected = Buffer.compare(bytesOfText(a), bytesOfText(b))
        expect(Math.sign(compareBytes(a, b))).toBe(expected)
      }),
    )
  })
})
