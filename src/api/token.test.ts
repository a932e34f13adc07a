import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadOrCreateToken } from './token.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-token-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('makes a token that only this user can read, and finds it again', async () => {
  const path = join(folder, 'token')
  const token = await loadOrCreateToken(path)
  expect(token).toMatch(/^[\w-]{43}$/)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await loadOrCreateToken(path)).toBe(token)
  expect(await readFile(path, 'utf8')).toBe(`${token}\n`)
})

it('refuses a file that others may read, and says how to mend it', async () => {
  const path = join(folder, 'token')
  await writeFile(path, 'a-token-of-good-length\n')
  await chmod(path, 0o640)
  await expect(loadOrCreateToken(path)).rejects.toMatchObject({
    code: 'setting_invalid',
    hint: `chmod 600 ${path}`,
  })
})

it.each(['', 'short', 'two words that are long enough'])(
  'refuses a file without a usable token: %j',
  async (content) => {
    const path = join(folder, 'token')
    await writeFile(path, content, { mode: 0o600 })
    await expect(loadOrCreateToken(path)).rejects.toMatchObject({ code: 'setting_invalid' })
  },
)

it('refuses what is not a file', async () => {
  await expect(loadOrCreateToken(folder)).rejects.toMatchObject({ code: 'setting_invalid' })
})

it('says so when the folder is missing', async () => {
  await expect(loadOrCreateToken(join(folder, 'no', 'token'))).rejects.toMatchObject({
    code: 'state_unwritable',
  })
})
