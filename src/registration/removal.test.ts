import { describe, expect, it } from 'vitest'
import { removalVerdict } from './removal.ts'

const exited = (code: number) => ({ kind: 'exited', code }) as const

describe('removal on success', () => {
  it.each([0, 128, 137, 143, 255])('deregisters after exit %i', (code) => {
    expect(removalVerdict('on-success', exited(code)).isRemoved).toBe(true)
  })

  it.each([1, 127])('keeps after exit %i', (code) => {
    expect(removalVerdict('on-success', exited(code)).isRemoved).toBe(false)
  })

  it('deregisters what is gone, keeps what still runs or cannot be asked', () => {
    expect(removalVerdict('on-success', { kind: 'gone' }).isRemoved).toBe(true)
    expect(removalVerdict('on-success', { kind: 'running' }).isRemoved).toBe(false)
    expect(removalVerdict('on-success', { kind: 'unknown' }).isRemoved).toBe(false)
  })
})

describe('the other modes of removal', () => {
  it.each([exited(0), exited(1), { kind: 'gone' }, { kind: 'unknown' }] as const)(
    'do not look how it ended: %o',
    (end) => {
      expect(removalVerdict('always', end).isRemoved).toBe(true)
      expect(removalVerdict('never', end).isRemoved).toBe(false)
    },
  )
})
