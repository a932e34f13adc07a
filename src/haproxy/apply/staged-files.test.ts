import { watch } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StagedFiles } from './staged-files.ts'

describe('files that are replaced together', () => {
  let folder: string
  let config: string
  let map: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-staged-'))
    config = join(folder, 'haproxy.cfg')
    map = join(folder, 'new.map')
    await writeFile(config, 'old')
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('takes the text back before the files that it names', async () => {
    const staged = await StagedFiles.write([
      [map, 'entries'],
      [config, `map ${map}`],
    ])
    await staged.commit()
    const touched: string[] = []
    const watcher = watch(folder, (_event, name) => touched.push(name ?? ''))
    await staged.rollback()
    await expect.poll(() => touched).toContain('new.map')
    watcher.close()
    expect(touched.filter((name) => /^(?:haproxy\.cfg|new\.map)$/.test(name))).toEqual([
      'haproxy.cfg',
      'new.map',
    ])
    expect(await readFile(config, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['haproxy.cfg'])
  })
})
