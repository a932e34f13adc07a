import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

const never = new AbortController().signal
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  it('are long ones as long as there are enough', async () => {
    const turns = new Turns(2)
    const both = [await turns.take(never), await turns.take(never)]
    expect(both.map(({ isShort }) => isShort)).toEqual([false, false])
    expect(both.map(({ ending }) => ending.aborted)).toEqual([false, false])
  })

  it('are taken from who has had a long one for the longest time, and then go round', async () => {
    const turns = new Turns(2)
    const first = await turns.take(never)
    const second = await turns.take(never)
    const third = turns.take(never)
    expect([first.ending.aborted, second.ending.aborted]).toEqual([true, false])
    const fourth = turns.take(never)
    expect(second.ending.aborted).toBe(true)
    first.end()
    expect((await third).isShort).toBe(true)
    second.end()
    expect((await fourth).isShort).toBe(false)
    expect(turns.waiting).toBe(0)
  })

  it('are never more than there may be, also while somebody is about to get one', async () => {
    const turns = new Turns(1)
    const first = await turns.take(never)
    let held = 1
    const others = Array.from({ length: 5 }, async () => {
      const turn = await turns.take(never)
      expect(++held).toBe(1)
      await settled()
      held--
      turn.end()
    })
    held--
    first.end()
    others.push(
      (async () => {
        const late = await turns.take(never)
        expect(++held).toBe(1)
        held--
        late.end()
      })(),
    )
    await Promise.all(others)
  })

  it('are given up by who does not want one any more', async () => {
    const turns = new Turns(1)
    const first = await turns.take(never)
    const giving = new AbortController()
    const given = turns.take(giving.signal)
    giving.abort()
    await expect(given).rejects.toThrow()
    const third = turns.take(never)
    first.end()
    first.end()
    await third
    expect(turns.waiting).toBe(0)
  })

  it('end when there are to be fewer', async () => {
    const turns = new Turns(3)
    const three = [await turns.take(never), await turns.take(never), await turns.take(never)]
    turns.resize(1)
    expect(three.map(({ ending }) => ending.aborted)).toEqual([true, true, false])
  })
})
