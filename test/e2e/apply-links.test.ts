import { lstat, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'
import { withServer, WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())('a folder of symbolic links, on HAProxy $line', ({ path }) => {
  let written: WrittenLab
  let link: string
  let target: string

  beforeEach(async () => {
    written = await WrittenLab.open(path)
    await written.supervisor.stop()
    const { config, lab } = written
    const available = join(lab.folder, 'avail')
    await mkdir(available)
    target = join(available, '10.cfg')
    await rename(config, target)
    await mkdir(config)
    link = join(config, '10.cfg')
    await symlink('../avail/10.cfg', link)
    await writeFile(join(available, '20.cfg'), 'backend more\n')
    await symlink('../avail/20.cfg', join(config, '20.cfg'))
    await written.supervisor.start()
  })

  afterEach(() => written.close())

  it('stays one: what they lead to is written, by commands and by a reload', async () => {
    const { config, lab } = written
    const before = await written.workerPid()
    expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })
    const next = join(lab.folder, 'next.d')
    await mkdir(next)
    await writeFile(join(next, '20.cfg'), 'backend more\n')
    const changes = [
      withServer('b 127.0.0.1:9 weight 0'),
      (text: string) => text.replace('retries 3', 'retries 2'),
    ]
    for (const change of changes) {
      const text = change(await readFile(target, 'utf8'))
      await writeFile(join(next, '10.cfg'), text)
      const { ino } = await lstat(link)
      expect(await written.apply(next, '--config', config)).toMatchObject({ code: 0, stderr: '' })
      expect((await lstat(link)).ino).toBe(ino)
      expect(await readFile(target, 'utf8')).toBe(text)
    }
    expect(await written.workerPid()).not.toBe(before)
    expect(await written.plan(config)).toMatchObject({ code: 0 })
  })

  it('loses the link of a part that is no longer wanted, not the file that it led to', async () => {
    const { config, lab } = written
    const next = join(lab.folder, 'next.d')
    await mkdir(next)
    await writeFile(join(next, '10.cfg'), await readFile(target, 'utf8'))
    expect(await written.apply(next, '--config', config)).toMatchObject({ code: 0, stderr: '' })
    await expect(lstat(join(config, '20.cfg'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await stat(join(lab.folder, 'avail', '20.cfg'))).size).toBeGreaterThan(0)
  })
})
