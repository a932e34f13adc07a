import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeOwnFolder } from './own-folder.ts'

let parent: string
let path: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'fairlead-folder-'))
  path = join(parent, 'a', 'state')
})

afterEach(async () => {
  await rm(parent, { recursive: true, force: true })
})

describe("a user's own folder", () => {
  it('is made so that nobody else may enter it or what leads to it', async () => {
    await makeOwnFolder(path)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(parent, 'a'))).mode & 0o777).toBe(0o700)
  })

  it('may be one that others can only read', async () => {
    await mkdir(path, { recursive: true })
    await chmod(path, 0o755)
    await makeOwnFolder(path)
    expect((await stat(path)).mode & 0o777).toBe(0o755)
  })

  it.each([0o777, 0o1777, 0o775])('is refused when others may write to it: %o', async (mode) => {
    await mkdir(path, { recursive: true })
    await chmod(path, mode)
    await expect(makeOwnFolder(path)).rejects.toMatchObject({
      code: 'setting_invalid',
      hint: expect.stringContaining('chmod go-w') as string,
    })
  })

  it.runIf(process.getuid?.() === 0)('is refused when it belongs to another user', async () => {
    await mkdir(path, { recursive: true })
    await chown(path, 65_534, 65_534)
    await expect(makeOwnFolder(path)).rejects.toMatchObject({ code: 'setting_invalid' })
  })

  it('is named when it cannot be made', async () => {
    await writeFile(join(parent, 'a'), '')
    await expect(makeOwnFolder(path)).rejects.toMatchObject({ code: 'state_unwritable' })
  })
})
