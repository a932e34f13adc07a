import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isOfRootOrUs, startTicksOf } from './process-identity.ts'

describe('whose a process is', () => {
  it('ours counts as ours, and one that does not exist as nobody’s', () => {
    expect(isOfRootOrUs(process.pid)).toBe(true)
    expect(isOfRootOrUs(4_194_304)).toBe(false)
    expect(startTicksOf(process.pid)).toBeGreaterThan(0)
  })

  it('root’s counts, and another user’s does not', async () => {
    expect(isOfRootOrUs(1)).toBe(true)
    // Without root no process of another user can be started here, so the kernel's own word is taken.
    if (process.getuid?.() !== 0) return
    const other = spawn('sleep', ['60'], { uid: 65_534, gid: 65_534 })
    await once(other, 'spawn')
    try {
      expect(isOfRootOrUs(other.pid ?? 0)).toBe(false)
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
  })
})
