import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isDigest } from '../model/file-digest.ts'
import { keepable, readNamedContents } from './named-contents.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-named-'))
  await mkdir(join(folder, 'certs/sub'), { recursive: true })
})

afterEach(() => rm(folder, { recursive: true }))

async function write(...names: readonly string[]): Promise<void> {
  for (const name of names) await writeFile(join(folder, name), `content of ${name}`)
}

/** Paths with their contents; a digest is told as such. */
async function read(...lines: readonly string[]): Promise<Record<string, string>> {
  const { contents } = await readNamedContents(`${lines.join('\n')}\n`, folder)
  return Object.fromEntries(
    [...contents].map(([path, content]) => [path, isDigest(content) ? 'digest' : content]),
  )
}

describe('certificates that a text does not name itself', () => {
  it('are those in a folder, as HAProxy takes it, with the files beside them', async () => {
    await write('certs/a.pem', 'certs/a.pem.key', 'certs/a.pem.ocsp', 'certs/.b.pem')
    await write('certs/lone.pem.key', 'certs/sub/c.pem', 'd.pem')
    await symlink('../d.pem', join(folder, 'certs/d.pem'))
    await symlink('nowhere', join(folder, 'certs/e.pem'))
    expect(await read('frontend web', '  bind :443 ssl crt ./certs/')).toEqual({
      './certs/a.pem': 'content of certs/a.pem',
      './certs/a.pem.key': 'content of certs/a.pem.key',
      './certs/a.pem.ocsp': 'digest',
      './certs/d.pem': 'content of d.pem',
    })
  })

  it('are those in a crt-list, behind crt-base, with what their options name', async () => {
    await write('certs/a.pem', 'certs/a.pem.issuer', 'certs/many.rsa', 'ca.pem')
    const list =
      'a.pem [ca-file ca.pem verify required] a.test\n# none\nmany\nmissing.pem\n@store/x\n'
    await writeFile(join(folder, 'list'), list)
    const found = await read(
      'global',
      '  crt-base certs',
      'frontend web',
      '  bind :443 ssl crt-list list',
    )
    expect(found).toEqual({
      list,
      'certs/a.pem': 'content of certs/a.pem',
      'certs/a.pem.issuer': 'content of certs/a.pem.issuer',
      'certs/many.rsa': 'digest',
      'ca.pem': 'digest',
    })
  })

  it('go with the files that ssl-load-extra-files and -del-ext say', async () => {
    await write('a.crt', 'a.crt.key', 'a.crt.issuer', 'a.key')
    const bind = ['frontend web', '  bind :443 ssl crt a.crt']
    const keysOf = async (...global: string[]): Promise<string[]> =>
      Object.keys(await read('global', ...global, ...bind)).toSorted()
    expect(await keysOf()).toEqual(['a.crt', 'a.crt.issuer', 'a.crt.key'])
    expect(await keysOf('  ssl-load-extra-files none')).toEqual(['a.crt'])
    expect(await keysOf('  ssl-load-extra-files ocsp key')).toEqual(['a.crt', 'a.crt.key'])
    expect(await keysOf('  ssl-load-extra-del-ext')).toEqual(['a.crt', 'a.key'])
  })

  it('are kept as digests, and a folder of authorities is one', async () => {
    await write('certs/a.pem', 'certs/a.pem.key')
    await writeFile(join(folder, 'list'), 'certs/a.pem\n')
    const lines = ['frontend web', '  bind :443 ssl crt certs crt-list list', '']
    const { contents } = await readNamedContents(lines.join('\n'), folder)
    const kept = [...keepable(lines.join('\n'), contents)]
    expect(kept.filter(([, content]) => !isDigest(content))).toEqual([['list', 'certs/a.pem\n']])
    expect(kept.map(([path]) => path)).toContain('certs/a.pem.key')
    expect(await read('frontend web', '  bind :443 ssl crt certs ca-file certs')).toEqual({
      certs: 'digest',
    })
  })
})
