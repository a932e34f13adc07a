import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'
import { end, Stage } from './support/stage.ts'
import { WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())(
  'a HAProxy $line that fairlead up keeps by its socket',
  ({ path }) => {
    let written: WrittenLab
    let stage: Stage

    beforeEach(async () => {
      written = await WrittenLab.open(path)
      stage = await Stage.open({ hasImage: false })
    })

    afterEach(async () => {
      await stage.close()
      await written.close()
    })

    it('is left to its daemon while that runs, and to people afterwards', async () => {
      const socket = written.lab.options.masterSocket
      const daemon = await stage.up('--docker', 'none', '--haproxy-socket', socket)
      const before = await readFile(written.config, 'utf8')
      const file = join(stage.folder, 'new.cfg')
      await writeFile(file, `${before}backend more\n  server a 127.0.0.1:9\n`)
      const apply = () =>
        stage.cli('apply', file, '--state-folder', stage.stateFolder, '--socket', socket)
      const refused = await apply()
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('fairlead up keeps this HAProxy')
      expect(await readFile(written.config, 'utf8')).toBe(before)
      await end(daemon, 'SIGTERM')
      expect(await apply()).toMatchObject({ code: 0, stderr: '' })
      // What the daemon knew of the text is no longer so.
      expect(await readFile(join(stage.stateFolder, 'attached.json'), 'utf8')).toBe('{}\n')
    })
  },
)
