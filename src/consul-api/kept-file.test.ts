import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KeptFile } from './kept-file.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-kept-'))
  path = join(folder, 'keys.kept')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const fileOf = (content: () => unknown): KeptFile<unknown> => new KeptFile(path, 'keys', content)

it('gives back what was saved, and nothing when nothing was', async () => {
  expect(await fileOf(() => 0).load()).toBeUndefined()
  const value = { a: ['ü', 1, null], b: 'line\nfeed' }
  await fileOf(() => value).save()
  expect(await fileOf(() => 0).load()).toEqual(value)
})

it('has everything on disk that was there when a save was asked for, in few writes', async () => {
  let value = 0
  let writes = 0
  const file = fileOf(() => {
    writes += 1
    return value
  })
  const saves = Array.from({ length: 50 }, () => {
    value += 1
    return file.save()
  })
  await Promise.all(saves)
  expect(await fileOf(() => 0).load()).toBe(50)
  expect(writes).toBe(2)
})

it('refuses a file that was cut or changed anywhere, and keeps it aside', async () => {
  await fileOf(() => ({ key: 'value', list: [1, 2, 3] })).save()
  const whole = await readFile(path)
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.boolean(), async (at, isCut) => {
      const damaged = Buffer.from(isCut ? whole.subarray(0, at) : whole)
      if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ 1
      await writeFile(path, damaged)
      const file = fileOf(() => 0)
      expect(await file.load()).toBeUndefined()
      expect(file.problems()).toHaveLength(1)
      expect(await readdir(folder)).toEqual(['keys.kept.refused'])
    }),
    { numRuns: 60 },
  )
})

it('says that it cannot be written, until it can', async () => {
  const other = join(folder, 'missing')
  const file = new KeptFile(join(other, 'keys.kept'), 'keys', () => 1)
  await expect(file.save()).rejects.toMatchObject({ code: 'state_unwritable' })
  expect(file.problems()).toHaveLength(1)
  await mkdir(other)
  await file.save()
  expect(file.problems()).toEqual([])
})
