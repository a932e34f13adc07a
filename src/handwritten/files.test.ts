import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isDigest } from '../model/file-digest.ts'
import { movedTo, placeOf, readConfigSource } from './config-source.ts'
import { putBack, settleFiles } from './live-files.ts'
import { statsSockets } from './locate.ts'
import { baseFolder, keepable, readNamedContents } from './named-contents.ts'
import { Records } from './records.ts'
import type { LoadedRecord } from './records.ts'

let folder: string
const at = (name: string): string => join(folder, name)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-written-'))
})

afterEach(() => rm(folder, { recursive: true }))

describe('a configuration as people keep it', () => {
  it('is a folder in HAProxy’s order, whose lines are found again in their files', async () => {
    await writeFile(at('b.cfg'), 'backend b\n  # end')
    await writeFile(at('B.cfg'), 'backend a\n')
    await writeFile(at('.hidden.cfg'), 'nonsense\n')
    await writeFile(at('a.cfg~'), 'nonsense\n')
    const source = await readConfigSource(folder)
    expect(source.text).toBe('backend a\nbackend b\n  # end\n')
    expect(placeOf(source, 3)).toEqual({ file: at('b.cfg'), line: 2 })
    const live = movedTo(source, '/etc/haproxy/conf.d')
    expect(live.parts.map(({ path }) => path)).toEqual([
      '/etc/haproxy/conf.d/B.cfg',
      '/etc/haproxy/conf.d/b.cfg',
    ])
  })

  it('cannot be a folder without one, nor what is not there', async () => {
    await expect(readConfigSource(folder)).rejects.toMatchObject({ code: 'usage' })
    await expect(readConfigSource(at('none'))).rejects.toMatchObject({ code: 'usage' })
  })

  it('names its sockets for administration', () => {
    const lines = [
      'global',
      '  stats socket /run/a.sock mode 600 level admin',
      '  stats socket unix@/run/b.sock level operator',
      '  stats socket ipv4@127.0.0.1:9999 level admin',
      '  stats timeout 30s',
      'frontend web',
      '  stats socket /run/c.sock level admin',
    ]
    expect(statsSockets(lines.join('\n'))).toEqual(['/run/a.sock', '127.0.0.1:9999'])
  })
})

describe('files that a text names', () => {
  it('are read from where HAProxy does, and kept without keys', async () => {
    await writeFile(at('hosts.map'), 'a.test app\n')
    await writeFile(at('site.pem'), 'certificate and key')
    await writeFile(at('503.http'), 'page')
    const text = [
      'defaults',
      '  errorfile 503 503.http',
      'frontend web',
      `  bind :443 ssl crt ${at('site.pem')}`,
      '  use_backend %[req.hdr(host),map(hosts.map,none)]',
      '  acl late src -f missing.acl',
      '',
    ].join('\n')
    const { contents } = await readNamedContents(text, folder)
    expect(contents.get('hosts.map')).toBe('a.test app\n')
    expect(contents.get(at('site.pem'))).toBe('certificate and key')
    expect(isDigest(contents.get('503.http') ?? '')).toBe(true)
    expect(contents.has('missing.acl')).toBe(false)
    const kept = keepable(text, contents)
    expect(isDigest(kept.get(at('site.pem')) ?? '')).toBe(true)
    expect(kept.get('hosts.map')).toBe('a.test app\n')
  })

  it('begin where default-path says', () => {
    const from = (line: string): string =>
      baseFolder(`global\n  ${line}\n`, '/work', '/etc/h/a.cfg')
    expect(
      ['', 'default-path config', 'default-path parent', 'default-path origin /o'].map(from),
    ).toEqual(['/work', '/etc/h', '/etc', '/o'])
  })
})

describe('files that are put back', () => {
  it('get the content they had, their owner and rights, and what was in them is kept', async () => {
    await writeFile(at('a.cfg'), 'new')
    await chmod(at('a.cfg'), 0o644)
    await writeFile(at('b.cfg'), 'new too')
    const previous = [{ path: at('a.cfg'), text: 'old' }]
    const current = [...previous, { path: at('b.cfg'), text: 'new too' }]
    expect(await putBack(previous, current)).toEqual({
      restored: [at('a.cfg'), at('b.cfg')],
      rejected: [at('a.cfg.rejected'), at('b.cfg.rejected')],
    })
    expect(await readFile(at('a.cfg'), 'utf8')).toBe('old')
    expect((await stat(at('a.cfg'))).mode & 0o777).toBe(0o644)
    expect((await readdir(folder)).toSorted()).toEqual([
      'a.cfg',
      'a.cfg.rejected',
      'b.cfg.rejected',
    ])
  })

  it('are left alone by the repair of an interrupted apply if somebody changed them since', async () => {
    await writeFile(at('a.cfg'), 'next')
    await writeFile(at('b.cfg'), 'by hand')
    await writeFile(at('c.cfg'), 'only next')
    const part = (name: string, text: string) => ({ path: at(name), text })
    const before = [part('a.cfg', 'before'), part('b.cfg', 'before')]
    const next = [part('a.cfg', 'next'), part('b.cfg', 'next'), part('c.cfg', 'only next')]
    await settleFiles(before, next)
    expect(await readFile(at('a.cfg'), 'utf8')).toBe('before')
    expect(await readFile(at('b.cfg'), 'utf8')).toBe('by hand')
    expect((await readdir(folder)).toSorted()).toEqual(['a.cfg', 'b.cfg'])
    await settleFiles(next, before)
    expect(await readFile(at('c.cfg'), 'utf8')).toBe('only next')
  })
})

describe('the record of what was loaded', () => {
  const record: LoadedRecord = {
    isFolder: false,
    parts: [{ path: '/etc/haproxy/haproxy.cfg', text: 'global\n' }],
    files: new Map([['/m/hosts.map', 'a b\n']]),
    at: 1,
    worker: { pid: 7, startedAtSeconds: 8 },
  }

  it('comes back as it was, is private, and is another for another configuration', async () => {
    const records = new Records(folder, '/etc/haproxy/haproxy.cfg')
    expect(await records.readLoaded()).toBe(undefined)
    await records.writeLoaded(record)
    expect(await records.readLoaded()).toEqual(record)
    const [name = ''] = await readdir(records.folder)
    expect((await stat(join(records.folder, name))).mode & 0o777).toBe(0o600)
    expect(await new Records(folder, '/etc/other.cfg').readLoaded()).toBe(undefined)
  })

  it('cut at any byte, or changed by hand, counts as none', async () => {
    const records = new Records(folder, '/x.cfg')
    await records.writeLoaded(record)
    const path = join(records.folder, 'loaded.json')
    const whole = await readFile(path, 'utf8')
    for (let length = 0; length < whole.length - 1; length += 7) {
      await writeFile(path, whole.slice(0, length))
      expect(await records.readLoaded()).toBe(undefined)
    }
    await writeFile(path, whole.replace('global', 'globul'))
    expect(await records.readLoaded()).toBe(undefined)
  })
})
