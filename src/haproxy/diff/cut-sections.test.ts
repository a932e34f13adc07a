import fc from 'fast-check'
import { expect, it } from 'vitest'
import { layOut } from './layout.ts'

const stretch = fc
  .record({
    header: fc.constantFrom(
      'global',
      'defaults base',
      'backend a',
      'backend b from base',
      'backend "c d"',
      'listen e',
    ),
    lines: fc.array(
      fc.constantFrom(
        '  server s 10.0.0.1:80',
        '# backend no',
        '',
        '.if defined(X)',
        '.endif',
        '  mode http',
        'frontend within',
      ),
      { maxLength: 5 },
    ),
  })
  .map(({ header, lines }) => [header, ...lines, ''].join('\n'))

/** The first may begin before any section, the last may end without a line feed. */
const stretches = fc
  .tuple(fc.constantFrom('', '# written by hand\n\n'), fc.array(stretch, { minLength: 1 }))
  .map(([preamble, [first = '', ...rest]]) => [preamble + first, ...rest])

it('lays out a text in stretches as the same text in one, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(stretches, { minLength: 1, maxLength: 4 }), (texts) => {
      for (const sections of texts) {
        const config = sections.join('')
        const inStretches = layOut({ config, sections })
        const inOne = layOut({ config })
        expect([...inStretches.sections]).toEqual([...inOne.sections])
        expect(inStretches.isConditional).toBe(inOne.isConditional)
      }
    }),
  )
})

it('has no text put together that is known in stretches', () => {
  const sections = ['global\n', 'backend a\n  server s 10.0.0.1:80\n']
  const text = {
    sections,
    get config(): string {
      throw new Error('it was asked for')
    },
  }
  expect([...layOut(text).sections.keys()]).toEqual(['global', 'backend a'])
})
