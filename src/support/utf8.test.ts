import fc from 'fast-check'
import { expect, it } from 'vitest'
import { utf8Blocks } from './utf8.ts'

it('gives the bytes of the texts, however they are cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\ud83d', '\ude00', '\n') })
  fc.assert(
    fc.property(fc.array(text), fc.integer({ min: 1, max: 9 }), (texts, blockLength) => {
      // All blocks share one buffer: they are good only as they come.
      const blocks: Buffer[] = []
      for (const block of utf8Blocks(texts, blockLength)) blocks.push(Buffer.from(block))
      const wanted = texts.map((each) => Buffer.from(each))
      expect(Buffer.concat(blocks).toString('hex')).toBe(Buffer.concat(wanted).toString('hex'))
    }),
  )
})
