import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findOwner } from './owner.ts'
import { isSame, readLive, replaceFile, type WriteOptions } from './write-file.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-t-write-'))
  path = join(folder, 'a.cfg')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const plain: WriteOptions = {
  createsFolders: true,
  permissions: undefined,
  owner: { uid: undefined, gid: undefined },
  hasBackup: false,
}

async function replace(
  text: string,
  options: Partial<WriteOptions> = {},
  at = path,
  isGood = true,
) {
  const live = await readLive(at)
  return replaceFile(at, Buffer.from(text), live, { ...plain, ...options }, () =>
    Promise.resolve(isGood),
  )
}

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o7777

describe('a file that is replaced', () => {
  it('is made with mode 0644, its folders with 0755, and nothing beside it is left', async () => {
    const deep = join(folder, 'x/y/a.cfg')
    expect(await replace('one', {}, deep)).toBe(true)
    expect(await readFile(deep, 'utf8')).toBe('one')
    expect([await modeOf(deep), await modeOf(join(folder, 'x'))]).toEqual([0o644, 0o755])
    expect(await readdir(join(folder, 'x/y'))).toEqual(['a.cfg'])
  })

  it('keeps its mode, unless one is asked for', async () => {
    await writeFile(path, 'one')
    await chmod(path, 0o640)
    await replace('two')
    expect(await modeOf(path)).toBe(0o640)
    await replace('three', { permissions: 0o666 })
    expect(await modeOf(path)).toBe(0o666)
  })

  it('does not keep the bits that let a program run as its owner', async () => {
    await writeFile(path, 'one')
    await chmod(path, 0o6755)
    await replace('two')
    expect(await modeOf(path)).toBe(0o755)
    await replace('three', { permissions: 0o4755 })
    expect(await modeOf(path)).toBe(0o4755)
  })

  it.runIf(process.getuid?.() === 0)('keeps its owner, and gets the one asked for', async () => {
    await replace('one', { owner: { uid: 65_534, gid: 1 } })
    await replace('two')
    expect(await stat(path)).toMatchObject({ uid: 65_534, gid: 1 })
    await replace('three', { owner: { uid: 2, gid: undefined } })
    expect(await stat(path)).toMatchObject({ uid: 2, gid: 1 })
  })

  it('is kept as .bak, the one before that is not', async () => {
    for (const text of ['one', 'two', 'three']) await replace(text, { hasBackup: true })
    expect(await readdir(folder)).toEqual(['a.cfg', 'a.cfg.bak'])
    expect(await readFile(`${path}.bak`, 'utf8')).toBe('two')
  })

  it('is the old one when the new one is not approved', async () => {
    await writeFile(path, 'one')
    expect(await replace('two', {}, path, false)).toBe(false)
    expect(await readFile(path, 'utf8')).toBe('one')
    expect(await readdir(folder)).toEqual(['a.cfg'])
  })

  it('takes the place of a link, not of what that leads to', async () => {
    await writeFile(join(folder, 'target'), 'one')
    await symlink('target', path)
    await replace('two')
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('one')
  })

  it.each([
    ['a folder is missing', 'no/a.cfg', 'no such file or directory'],
    ['a folder is a file', 'file/a.cfg', 'not a directory'],
  ])('stays when %s, and one line says so', async (_what, name, words) => {
    await writeFile(join(folder, 'file'), '')
    const at = join(folder, name)
    const failure = replaceFile(
      at,
      Buffer.from('x'),
      undefined,
      { ...plain, createsFolders: false },
      () => Promise.resolve(true),
    )
    await expect(failure).rejects.toThrow(`cannot write ${at}: ${words}`)
    expect(await readdir(folder)).toEqual(['file'])
  })
})

it('is the same with the same bytes and the owner asked for', async () => {
  await writeFile(path, 'one')
  const live = await readLive(path)
  const [uid, gid] = [live?.uid, live?.gid]
  expect(isSame(live, Buffer.from('one'), { uid: undefined, gid: undefined })).toBe(true)
  expect(isSame(live, Buffer.from('one'), { uid, gid })).toBe(true)
  expect(isSame(live, Buffer.from('one'), { uid: 12_345, gid })).toBe(false)
  expect(isSame(live, Buffer.from('two'), { uid, gid })).toBe(false)
  expect(isSame(undefined, Buffer.from(''), { uid, gid })).toBe(false)
})

it('is not read where a pipe, a device or a folder stands in its place', async () => {
  execFileSync('mkfifo', [path])
  await symlink('/dev/zero', join(folder, 'device'))
  for (const at of [path, join(folder, 'device'), folder]) {
    await expect(readLive(at)).rejects.toThrow(`cannot read ${at}: it is not a regular file`)
  }
})

describe('owners', () => {
  it('are found by name and by number', async () => {
    expect(await findOwner('root', '4711')).toEqual({ uid: 0, gid: 4711 })
    expect(await findOwner(undefined, 'root')).toEqual({ uid: undefined, gid: 0 })
  })

  it('that this system does not have are an error', async () => {
    await expect(findOwner('no-such-user', undefined)).rejects.toThrow(
      'there is no user no-such-user',
    )
  })
})
