import { describe, expect, it } from 'vitest'
import { runOnce, shrink, targets } from '../../fuzz/run.ts'
import type { Target } from '../../fuzz/target.ts'

describe('a short fuzz', () => {
  it.each(targets.map((target) => [target.name, target] as const))('holds for %s', (_, target) => {
    for (let run = 0; run < 300; run += 1) expect(runOnce(target, 1, run)).toBeUndefined()
  })

  it('finds what does not hold, and makes it small', () => {
    const target: Target = {
      name: 'no-b',
      generate: ({ pick }) => ({ text: `aaa${pick(['b', 'c'])}${pick(['aa', 'ab'])}` }),
      check: ({ text = '' }) => {
        if (text.includes('b')) throw new Error('a b')
      },
    }
    const failures = Array.from({ length: 20 }, (_, run) => runOnce(target, 1, run))
    const [first] = failures.filter((failure) => failure !== undefined)
    if (first === undefined) throw new Error('none of 20 was found')
    expect(shrink(target, first)).toMatchObject({ target: 'no-b', input: { text: 'b' } })
    expect(runOnce(target, 1, first.run)?.input).toEqual(first.input)
  })
})
