import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../support/clock.ts'
import { AccessLog } from './access-log.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-log-'))
  path = join(folder, 'haproxy.log')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the access log', () => {
  it('follows new lines, also after the file was emptied', async () => {
    const follow = new PassThrough()
    const log = new AccessLog({ path, mostBytes: 1_000, follow, clock: systemClock })
    await writeFile(path, 'one\n')
    await log.check()
    await appendFile(path, 'two\n')
    await log.check()
    await writeFile(path, '3\n')
    await log.check()
    expect(String(follow.read())).toBe('one\ntwo\n3\n')
  })

  it('keeps one older file of the size it may have, and goes on in the same file', async () => {
    const log = new AccessLog({ path, mostBytes: 10, follow: undefined, clock: systemClock })
    await writeFile(path, 'eleven byte\n')
    await log.check()
    expect(await readFile(`${path}.1`, 'utf8')).toBe('eleven byte\n')
    expect(await readFile(path, 'utf8')).toBe('')
  })

  it('does nothing while there is no file', async () => {
    const log = new AccessLog({ path, mostBytes: 10, follow: undefined, clock: systemClock })
    await log.check()
    expect(log.problems()).toEqual([])
  })
})
