import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'
import { makeCertificate } from '../support/certificates.ts'
import { WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())(
  'what a file written by hand names, on HAProxy $line',
  ({ path }) => {
    let written: WrittenLab

    beforeEach(async () => {
      written = await WrittenLab.open(path)
      await written.supervisor.stop()
    })

    afterEach(() => written.close())

    it('may be certificates, ACLs and maps by relative paths: changed alone, they come at runtime', async () => {
      const { folder } = written.lab
      const site = join(folder, 'site.pem')
      await writeFile(site, makeCertificate('a.test').pem)
      await writeFile(join(folder, 'late.acl'), '127.1.0.0/16\n')
      await writeFile(join(folder, 'paths.map'), '/a app\n')
      await writeFile(join(folder, '503.http'), 'HTTP/1.0 503 Busy\r\n\r\nbusy')
      await written.edit((text) =>
        text
          .replace('defaults\n', 'defaults\n  errorfile 503 503.http\n')
          .replace(
            'frontend web\n',
            [
              'frontend web',
              `  bind unix@${join(folder, 'tls.sock')} ssl crt ${site}`,
              '  http-request deny if { src -f late.acl }',
              '  http-request set-header x-path %[path,map_beg(paths.map,none)]',
              '',
            ].join('\n'),
          ),
      )
      await written.supervisor.start()
      const before = await written.workerPid()
      expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })
      await writeFile(site, makeCertificate('b.test').pem)
      await writeFile(join(folder, 'late.acl'), '127.1.0.0/16\n127.2.0.0/16\n')
      await writeFile(join(folder, 'paths.map'), '/a app\n/b other\n')
      const plan = await written.plan(written.config, '--commands')
      expect(plan.stdout).toContain('certificate site.pem')
      expect(plan.stdout).toMatch(/acl late\n {2}\+ 127\.2\.0\.0\/16/)
      expect(plan.stdout).toMatch(/map paths\n {2}\S .*runtime/)
      expect(plan.stdout).not.toContain('PRIVATE KEY')
      expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })
      expect(await written.workerPid()).toBe(before)
      expect(await written.plan()).toMatchObject({ code: 0 })

      await writeFile(join(folder, '503.http'), 'HTTP/1.0 503 Busy\r\n\r\nvery busy')
      const page = await written.plan()
      expect(page.stdout).toMatch(/file 503\.http\n {2}~ differs.*reload/)
    })

    it('is not at odds with what resolvers, templates and agents say', async () => {
      await written.edit((text) =>
        text
          .replace('defaults\n', 'resolvers dns\n  nameserver local 127.0.0.1:1\ndefaults\n')
          .replace(
            'backend other\n',
            [
              '  default-server init-addr none',
              '  server named app.invalid:80 resolvers dns check',
              '  server-template many 3 many.invalid:80 resolvers dns',
              '  server agent 127.0.0.1:9 weight 50 agent-check agent-port 1 agent-inter 10s',
              'backend other',
              '',
            ].join('\n'),
          ),
      )
      await written.supervisor.start()
      const found = await written.plan()
      expect(found.stdout).toContain('nothing to do')
      await written.ask('set server app/agent weight 20')
      expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })
      const after = await written.plan()
      expect(after.stdout).toContain('nothing to do')
      expect(after.stdout).not.toContain('kept')
    })

    it('needs no word where nothing can be kept: a plan writes nothing, an apply changes nothing', async () => {
      await written.supervisor.start()
      const before = await written.workerPid()
      await written.edit((text) => text.replace('retries 3', 'retries 2'))
      await writeFile(join(written.lab.folder, 'state'), 'not a folder')
      expect(await written.plan()).toMatchObject({ code: 2 })
      const { code, stderr } = await written.apply()
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining('--state-folder')])
      expect(await written.workerPid()).toBe(before)
    })
  },
)
