import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyListDelta, applyTextDelta, listDelta, textDelta } from './text-delta.ts'

const line = fc.constantFrom('a\n', 'b\n', 'c c\n', '\n', 'ä€\n', 'tail')
const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join(''))

describe('a delta of texts', () => {
  it('gives the new text from the old one', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const delta = JSON.parse(JSON.stringify(textDelta(before, after))) as typeof before & []
        expect(applyTextDelta(before, delta)).toBe(after)
      }),
    )
  })

  it('is as short as what differs, also where much of a long text stands elsewhere', () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `    server s${index} 10.0.0.1:80\n`)
    const before = `backend app\n${lines.join('')}`
    const changed = lines.with(17, '    server x 10.0.0.2:80\n').with(9_000, '    server y\n')
    const after = `backend app\n${changed.toSpliced(500, 1).join('')}`
    const delta = textDelta(before, after)
    expect(applyTextDelta(before, delta)).toBe(after)
    expect(JSON.stringify(delta).length).toBeLessThan(200)
  })
})

describe('a delta of lists of texts', () => {
  const list = fc.array(text, { maxLength: 8 })

  it('gives the new list from the old one', () => {
    fc.assert(
      fc.property(list, list, (before, after) => {
        const delta = JSON.parse(JSON.stringify(listDelta(before, after))) as []
        expect(applyListDelta(before, delta)).toEqual(after)
      }),
    )
  })

  it('tells a section with one other line by that line', () => {
    const sections = Array.from({ length: 3000 }, (_, at) => `backend b${at}\n  server a\n`)
    const after = sections
      .with(7, 'backend b7\n  server a\n  server b\n')
      .with(2900, 'backend b2900\n')
      .toSpliced(100, 1)
    const delta = listDelta(sections, after)
    expect(applyListDelta(sections, delta)).toEqual(after)
    expect(JSON.stringify(delta).length).toBeLessThan(300)
  })
})
