import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificate, shownCertificate } from '../support/certificates.ts'
import type { MadeCertificate } from '../support/certificates.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { freePort } from '../support/ports.ts'
import { WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())(
  'certificates that a file written by hand does not name itself, on HAProxy $line',
  ({ path }) => {
    let written: WrittenLab
    let port: number
    let before: number

    beforeEach(async () => {
      written = await WrittenLab.open(path)
      await written.supervisor.stop()
      port = await freePort()
      await mkdir(at('more'))
      await mkdir(at('listed'))
      await writeFile(at('site.pem'), makeCertificate('site.test').pem)
      await writeFile(at('more/a.pem'), makeCertificate('a.test').pem)
      await split('more/b.pem', makeCertificate('b.test'))
      await writeFile(at('listed/c.pem'), makeCertificate('c.test').pem)
      await writeFile(at('list'), 'listed/c.pem [alpn http/1.1] c.test\n')
      const bind = `bind 127.0.0.1:${port} ssl crt site.pem crt more/ crt-list list`
      await written.edit((text) =>
        text
          .replace('global\n', `global\n  crt-base ${written.lab.folder}\n`)
          .replace('frontend web\n', `frontend web\n  ${bind}\n`),
      )
      await written.supervisor.start()
      before = await written.workerPid()
    })

    afterEach(() => written.close())

    const at = (name: string): string => join(written.lab.folder, name)

    async function split(name: string, { certificate, key }: MadeCertificate): Promise<void> {
      await writeFile(at(name), certificate)
      await writeFile(at(`${name}.key`), key)
    }

    /** Applies what was put on disk: the same worker goes on, and nothing is left to do. */
    async function applyAtRuntime(...changes: readonly string[]): Promise<void> {
      const plan = await written.plan()
      for (const change of changes) expect(plan.stdout).toContain(change)
      expect(plan.stdout).not.toContain('kept')
      expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })
      expect(await written.workerPid()).toBe(before)
      expect(await written.plan()).toMatchObject({ code: 0 })
    }

    it('are replaced and added at runtime, in folders and in crt-lists', async () => {
      expect(await written.plan()).toMatchObject({ code: 0 })
      expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })

      const renewed = makeCertificate('a.test')
      // As certbot and the like do it: the folder changes, too.
      await writeFile(at('new'), renewed.pem)
      await rename(at('new'), at('more/a.pem'))
      await applyAtRuntime('certificate a.pem')
      expect(await shownCertificate(port, 'a.test')).toBe(renewed.certificate)

      const withKey = makeCertificate('b.test')
      await split('more/b.pem', withKey)
      await applyAtRuntime('certificate b.pem')
      expect(await shownCertificate(port, 'b.test')).toBe(withKey.certificate)

      const added = makeCertificate('d.test')
      await split('more/d.pem', added)
      await applyAtRuntime('certificate d.pem')
      expect(await shownCertificate(port, 'd.test')).toBe(added.certificate)

      const listed = makeCertificate('c.test')
      await writeFile(at('listed/c.pem'), listed.pem)
      await applyAtRuntime('certificate c.pem')
      expect(await shownCertificate(port, 'c.test')).toBe(listed.certificate)

      const line = makeCertificate('e.test')
      await writeFile(at('listed/e.pem'), line.pem)
      await writeFile(
        at('list'),
        `${await readFile(at('list'), 'utf8')}listed/e.pem [alpn http/1.1] *.e.test\n`,
      )
      await applyAtRuntime('certificate e.pem', 'crt-list list')
      expect(await shownCertificate(port, 'x.e.test')).toBe(line.certificate)

      await rm(at('more/d.pem'))
      await rm(at('more/d.pem.key'))
      await applyAtRuntime('certificate d.pem')
      expect(await shownCertificate(port, 'd.test')).not.toBe(added.certificate)

      for (const name of await readdir(at('state/applied'))) {
        const kept = await readFile(at(`state/applied/${name}/loaded.json`), 'utf8')
        expect(kept).toContain('more/b.pem.key')
        expect(kept).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE/)
      }
    })

    it('that changed, came and went since HAProxy was started are told by HAProxy itself', async () => {
      const [renewed, listed, added] = ['a', 'c', 'd'].map((name) =>
        makeCertificate(`${name}.test`),
      )
      await writeFile(at('more/a.pem'), renewed?.pem ?? '')
      await writeFile(at('listed/c.pem'), listed?.pem ?? '')
      await writeFile(at('more/d.pem'), added?.pem ?? '')
      await rm(at('more/b.pem'))
      await rm(at('more/b.pem.key'))
      await applyAtRuntime('a.pem', 'b.pem', 'c.pem', 'd.pem')
      expect(await shownCertificate(port, 'a.test')).toBe(renewed?.certificate)
      expect(await shownCertificate(port, 'c.test')).toBe(listed?.certificate)
      expect(await shownCertificate(port, 'd.test')).toBe(added?.certificate)
      const first = await readFile(at('site.pem'), 'utf8')
      expect(first).toContain(await shownCertificate(port, 'b.test'))
    })

    it('come by a reload where the crt-list changed before anything was known of it', async () => {
      const added = makeCertificate('e.test')
      await writeFile(at('listed/e.pem'), added.pem)
      await writeFile(at('list'), 'listed/c.pem [alpn http/1.1] c.test\nlisted/e.pem\n')
      expect((await written.plan()).stdout).toContain('the content that was loaded is not known')
      expect(await written.apply()).toMatchObject({ code: 0 })
      expect(await written.workerPid()).not.toBe(before)
      expect(await shownCertificate(port, 'e.test')).toBe(added.certificate)
    })
  },
)
