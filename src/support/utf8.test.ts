import fc from 'fast-check'
import { expect, it } from 'vitest'
import { utf8Blocks } from './utf8.ts'

it('gives the bytes of the text, however it is cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\ud83d', '\ude00', '\n') })
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (each, blockLength) => {
      // All blocks share one buffer: they are good only as they come.
      const asTheyCome: Buffer[] = []
      for (const block of utf8Blocks(each, blockLength)) asTheyCome.push(Buffer.from(block))
      expect(Buffer.concat(asTheyCome).toString('hex')).toBe(Buffer.from(each).toString('hex'))
    }),
  )
})
