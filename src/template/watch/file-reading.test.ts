import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileReading } from './file-reading.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-t-reading-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a file that is read', () => {
  it('is read again only when it looks different', async () => {
    const path = join(folder, 'a')
    await writeFile(path, 'one')
    const read = fileReading(path)
    expect(await read()).toEqual({ value: 'one' })
    expect(await read()).toBeUndefined()
    await writeFile(path, 'three')
    expect(await read()).toEqual({ value: 'three' })
  })

  it('is no pipe, device or folder, whose reading might never end', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const path of [pipe, '/dev/zero', folder]) {
      await expect(fileReading(path)()).rejects.toThrow(`${path} is not a regular file`)
    }
  })

  it('is no larger than a text of a template may be', async () => {
    const path = join(folder, 'large')
    await writeFile(path, '')
    await truncate(path, 2 ** 24 + 1)
    await expect(fileReading(path)()).rejects.toThrow(`${path} has more than 16777216 bytes`)
  })
})
