import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './support/stage.ts'

describe('a HAProxy that fairlead up keeps', () => {
  let stage: Stage
  let file: string
  let live: string

  beforeEach(async () => {
    stage = await Stage.open({ hasImage: false })
    await stage.up('--docker', 'none')
    live = join(stage.stateFolder, 'haproxy.cfg')
    file = join(stage.folder, 'new.cfg')
    const text = await readFile(live, 'utf8')
    await writeFile(file, `${text}backend more\n  server a 127.0.0.1:9\n`)
  })

  afterEach(() => stage.close())

  it('runs what is on disk, as its daemon keeps it, and may be compared with another text', async () => {
    const same = await stage.cli('plan', live, '--state-folder', stage.stateFolder)
    expect(same.stdout).toContain('as fairlead up keeps it')
    expect(same).toMatchObject({ code: 0, stderr: '' })
    expect(same.stdout).toContain('nothing to do')
    const other = await stage.cli('plan', file, '--state-folder', stage.stateFolder)
    expect(other.stdout).toMatch(/backend more\n {2}\+ the whole section/)
  })

  it('is left to its daemon, while that runs', async () => {
    const before = await readFile(live, 'utf8')
    const { code, stderr } = await stage.cli('apply', file, '--state-folder', stage.stateFolder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/fairlead up keeps this HAProxy[^]*hint: .*labels/)
    expect(await readFile(live, 'utf8')).toBe(before)
  })
})
