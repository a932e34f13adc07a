import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeFileAtomic } from './atomic-file.ts'
import { Backoff } from './backoff.ts'
import { BackgroundWriter } from './background-writer.ts'
import { Channel } from './channel.ts'
import { ManualClock, systemClock } from './clock.ts'
import { takeLock } from './lock-file.ts'
import { Mailbox } from './mailbox.ts'
import { startTicksOf } from './process-identity.ts'
import { Releases } from './releases.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-support-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the system clock', () => {
  it('sleeps longer than the longest timer that Node has', async () => {
    vi.useFakeTimers()
    try {
      let hasEnded = false
      void systemClock.sleep(40 * 86_400_000).then(() => {
        hasEnded = true
      })
      await vi.advanceTimersByTimeAsync(40 * 86_400_000 - 1)
      expect(hasEnded).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      expect(hasEnded).toBe(true)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('writeFileAtomic', () => {
  it('replaces the content and leaves no temporary file', async () => {
    const path = join(folder, 'file')
    await writeFileAtomic(path, 'old')
    await writeFileAtomic(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('keeps the old file, and nothing else, when it cannot be replaced', async () => {
    const path = join(folder, 'taken')
    await writeFileAtomic(join(folder, 'other'), 'content')
    await expect(writeFileAtomic(join(path, 'file'), 'new')).rejects.toMatchObject({
      code: 'state_unwritable',
    })
    expect(await readdir(folder)).toEqual(['other'])
  })
})

describe('the lock file', () => {
  it('refuses a second holder and names the first', async () => {
    const release = await takeLock(join(folder, 'lock'))
    await expect(takeLock(join(folder, 'lock'))).rejects.toThrow(`process ${process.pid}`)
    await release()
    await (
      await takeLock(join(folder, 'lock'))
    )()
  })

  it('is taken over from a process that has ended', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => child.once('exit', resolve))
    await writeFile(join(folder, 'lock'), `${child.pid} 1\n`)
    await (
      await takeLock(join(folder, 'lock'))
    )()
  })

  it('is taken over when its pid belongs to another process by now', async () => {
    await writeFile(join(folder, 'lock'), `${process.pid} 1\n`)
    await (
      await takeLock(join(folder, 'lock'))
    )()
  })

  it('is not kept by a guard that somebody killed in the act has left', async () => {
    const guard = join(folder, 'lock.guard')
    await mkdir(guard)
    await utimes(guard, 1, 1)
    await (
      await takeLock(join(folder, 'lock'))
    )()
    expect(await readdir(folder)).toEqual([])
  })

  it('goes to one of many that take over the same dead lock at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      await writeFile(join(folder, 'lock'), `${2 ** 22 + 1} 1\n`)
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, () => takeLock(join(folder, 'lock'))),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await readdir(folder)).toEqual(['lock'])
    }
  })
})

describe('startTicksOf', () => {
  it('knows this process and none that cannot be', () => {
    expect(startTicksOf(process.pid)).toBeGreaterThan(0)
    expect(startTicksOf(2 ** 22 + 1)).toBeUndefined()
  })
})

describe('Mailbox', () => {
  it('keeps one item, the newest, merged with the unread one', async () => {
    const mailbox = new Mailbox<string>((unread, newer) => unread + newer)
    const { signal } = new AbortController()
    mailbox.put('a')
    mailbox.put('b')
    expect(await mailbox.take(signal)).toBe('ab')
    const waiting = mailbox.take(signal)
    mailbox.put('c')
    expect(await waiting).toBe('c')
  })

  it('ends a waiting reader when the signal aborts', async () => {
    const controller = new AbortController()
    const waiting = new Mailbox<string>().take(controller.signal)
    controller.abort()
    expect(await waiting).toBeUndefined()
  })
})

describe('Channel', () => {
  it('gives every item in order and ends with its signal', async () => {
    const controller = new AbortController()
    const channel = new Channel<number>(controller.signal)
    channel.push(1)
    channel.push(2)
    const seen: number[] = []
    for await (const item of channel) {
      seen.push(item)
      if (item === 2) controller.abort()
    }
    expect(seen).toEqual([1, 2])
  })
})

describe('Backoff', () => {
  it('doubles up to its limit and starts anew after a reset', () => {
    const backoff = new Backoff(100, 500, () => 0)
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([
      100, 200, 400, 500,
    ])
    backoff.reset()
    expect(backoff.next()).toBe(100)
  })
})

describe('BackgroundWriter', () => {
  it('writes many changes once, and what came during a write once more', async () => {
    const clock = new ManualClock()
    let content = 0
    const written: number[] = []
    const writer = new BackgroundWriter({
      write: () => {
        written.push(content)
        return Promise.resolve()
      },
      onResult: () => undefined,
      clock,
    })
    for (content = 1; content < 5; content += 1) writer.touch()
    await clock.advance(1_000)
    content = 9
    writer.touch()
    await clock.advance(1_000)
    expect(written).toEqual([5, 9])
  })

  it('tells of a failure and writes again at the next change', async () => {
    const results: unknown[] = []
    let isBroken = true
    const writer = new BackgroundWriter({
      write: () => (isBroken ? Promise.reject(new Error('full')) : Promise.resolve()),
      onResult: (error) => results.push(error),
      clock: systemClock,
    })
    writer.touch()
    await writer.flush()
    isBroken = false
    writer.touch()
    await writer.flush()
    expect(results).toEqual([new Error('full'), undefined])
  })
})

describe('Releases', () => {
  it('releases in reverse, all of them, once', async () => {
    const released: string[] = []
    const errors: string[] = []
    const releases = new Releases()
    releases.push('first', () => void released.push('first'))
    releases.push('broken', () => Promise.reject(new Error('no')))
    releases.push('last', () => void released.push('last'))
    await releases.run((what) => errors.push(what))
    await releases.run((what) => errors.push(what))
    expect(released).toEqual(['last', 'first'])
    expect(errors).toEqual(['broken'])
  })

  it('releases at once what is acquired after the end', async () => {
    const releases = new Releases()
    await releases.run(() => undefined)
    const isReleased = await new Promise((resolve) => releases.push('late', () => resolve(true)))
    expect(isReleased).toBe(true)
  })
})
