import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HaproxyRunner } from '../../src/haproxy/process/runner.ts'
import { parseAcl, showAclCommand } from '../../src/haproxy/runtime/acls.ts'
import {
  fingerprintsOf,
  parseCertificatePaths,
  parseFingerprints,
  showAuthoritiesCommand,
  showCertificateCommand,
} from '../../src/haproxy/runtime/certificates.ts'
import { parseCrtList, showCrtListCommand } from '../../src/haproxy/runtime/crt-lists.ts'
import { parseMap, showMapCommand } from '../../src/haproxy/runtime/maps.ts'
import { refusalOf } from '../../src/haproxy/runtime/replies.ts'
import { withPayload } from '../../src/haproxy/runtime/words.ts'
import { makeCertificate } from './certificates.ts'
import { HaproxyLab } from './haproxy-lab.ts'

/** What the real HAProxy and the one in memory must do alike with files. */
export function describeFileCommands(
  name: string,
  make: (lab: HaproxyLab) => HaproxyRunner,
  program?: string,
): void {
  const [a, b, c] = ['a.test', 'b.test', 'c.test'].map((each) => makeCertificate(each))

  describe(`files of HAProxy ${name}`, () => {
    let lab: HaproxyLab
    let haproxy: HaproxyRunner

    beforeEach(async () => {
      lab = await HaproxyLab.open(program)
      haproxy = make(lab)
      mkdirSync(at('more'))
      writeFileSync(at('a.pem'), a?.pem ?? '')
      writeFileSync(at('more/b.pem'), b?.pem ?? '')
      writeFileSync(at('list'), `# first\n${at('a.pem')} [alpn http/1.1] a.test *.a.test\n`)
      writeFileSync(at('x.acl'), '# comment\n/one\n/two words\n')
      writeFileSync(at('ca.pem'), a?.certificate ?? '')
      const bind = `ssl crt-list ${at('list')} crt ${at('more')} ca-file ${at('ca.pem')} verify optional`
      const desired = lab.desired([], {
        binds: [`127.0.0.1:${lab.port} ${bind}`],
        hosts: 'a.test first\nb.test x y\na.test second\n',
      })
      const rule = `backend more\n  http-request deny if { path -f ${at('x.acl')} }\n`
      await lab.write({ ...desired, config: desired.config + rule })
      await haproxy.start()
    })

    afterEach(() => lab.close())

    const at = (file: string): string => join(lab.folder, file)
    const ask = async (command: string) => (await haproxy.execute([command]))[0] ?? ''
    const refusals = async (...commands: string[]) =>
      (await haproxy.execute(commands)).map((reply) => refusalOf(reply))
    const map = async () => {
      const entries = parseMap(await ask(showMapCommand(lab.mapPath)))
      return entries?.map(({ key, value }) => `${key} ${value}`)
    }
    const acl = async () => parseAcl(await ask(showAclCommand(at('x.acl'))))
    const printOf = async (path: string) =>
      parseFingerprints(await ask(showCertificateCommand(path)))?.[0]
    const list = async (path: string) => {
      const entries = parseCrtList(await ask(showCrtListCommand(path)))
      return entries?.map(({ certificate, filters }) => [certificate, ...filters].join(' '))
    }

    it('replaces a map at once, with what is in it as it is', async () => {
      expect(await map()).toEqual(['a.test first', 'b.test x y', 'a.test second'])
      const lines = [String.raw`c\d.test a;b "c"`, '#e.test @1', '<< f', 'c.test é', 'c.test 2']
      const commands = [
        `prepare map ${lab.mapPath}`,
        withPayload(`add map @? ${lab.mapPath}`, lines.slice(0, 2).join('\n')),
        withPayload(`add map @? ${lab.mapPath}`, lines.slice(2).join('\n')),
        `commit map @? ${lab.mapPath}`,
      ]
      expect(await refusals(...commands)).toEqual(commands.map(() => undefined))
      expect(await map()).toEqual(lines)
      expect(await refusals(...commands)).toEqual(commands.map(() => undefined))
      expect(await map()).toEqual(lines)
    })

    it('keeps a map when a part of the new one is refused', async () => {
      const before = await map()
      const replies = await refusals(
        `prepare map ${lab.mapPath}`,
        withPayload(`add map @? ${lab.mapPath}`, 'c.test'),
        withPayload(`add map @? ${lab.mapPath}`, 'd.test x'),
        `commit map @? ${lab.mapPath}`,
        `set map ${lab.mapPath} b.test after`,
      )
      expect(replies.map((refusal) => refusal === undefined)).toEqual([
        true,
        false,
        true,
        false,
        true,
      ])
      expect(await map()).toEqual(before?.map((line) => line.replace('x y', 'after')))
    })

    it('changes patterns one by one and all at once', async () => {
      expect(await acl()).toEqual(['/one', '/two words'])
      const path = at('x.acl')
      expect(
        await refusals(`add acl ${path} /th\\ ree`, `del acl ${path} /one`, `del acl ${path} /one`),
      ).toEqual([undefined, undefined, expect.stringContaining('not found')])
      expect(await acl()).toEqual(['/two words', '/th ree'])
      const commands = ['/x', '/y'].map((pattern) => `add acl @? ${path} ${pattern}`)
      await refusals(`prepare acl ${path}`, ...commands, `commit acl @? ${path}`)
      expect(await acl()).toEqual(['/x', '/y'])
    })

    it('replaces a certificate, or keeps it when the new one is refused', async () => {
      const path = at('a.pem')
      const [first, other] = [a, c].map((made) => fingerprintsOf(made?.certificate ?? '')?.[0])
      expect(await printOf(path)).toBe(first)
      const set = (pem: string | undefined): string =>
        withPayload(`set ssl cert ${path}`, pem ?? '')
      expect(await refusals(set(c?.pem), `commit ssl cert ${path}`)).toEqual([undefined, undefined])
      expect(await printOf(path)).toBe(other)
      const [, commit] = await refusals(set(a?.key), `commit ssl cert ${path}`)
      expect(commit).toBeDefined()
      expect(await printOf(path)).toBe(other)
      expect(await refusals(set(a?.pem), `commit ssl cert ${path}`)).toEqual([undefined, undefined])
      expect(await printOf(path)).toBe(first)
      expect(await printOf(at('none.pem'))).toBeUndefined()
    })

    it('brings a new certificate into a list and a folder, and out of them', async () => {
      const path = at('c.pem')
      const bring = [
        `new ssl cert ${path}`,
        withPayload(`set ssl cert ${path}`, c?.pem ?? ''),
        `commit ssl cert ${path}`,
        withPayload(`add ssl crt-list ${at('list')}`, `${path} [alpn http/1.1] c.test *.c.test`),
        withPayload(`add ssl crt-list ${at('more')}`, path),
      ]
      expect(await refusals(...bring.slice(0, 4))).toEqual(bring.slice(0, 4).map(() => undefined))
      const listed = await list(at('list'))
      expect(listed).toEqual([`${at('a.pem')} a.test *.a.test`, `${path} c.test *.c.test`])
      expect(await list(at('more'))).toEqual([at('more/b.pem')])
      expect(parseCertificatePaths(await ask('show ssl cert')).toSorted()).toEqual(
        [at('a.pem'), path, at('more/b.pem')].toSorted(),
      )
      expect(await refusals(`del ssl cert ${path}`)).toEqual([expect.stringContaining('in use')])
      const remove = [`del ssl crt-list ${at('list')} ${path}`, `del ssl cert ${path}`]
      expect(await refusals(...remove)).toEqual([undefined, undefined])
      expect(await list(at('list'))).toEqual([`${at('a.pem')} a.test *.a.test`])
      expect(await refusals(`del ssl crt-list ${at('list')} ${at('a.pem')}`)).toEqual([
        expect.stringContaining('default certificate'),
      ])
    })

    it('replaces authorities', async () => {
      const path = at('ca.pem')
      const both = (a?.certificate ?? '') + (b?.certificate ?? '')
      const commands = [withPayload(`set ssl ca-file ${path}`, both), `commit ssl ca-file ${path}`]
      expect(await refusals(...commands)).toEqual([undefined, undefined])
      const prints = parseFingerprints(await ask(showAuthoritiesCommand(path)))
      expect(prints?.toSorted()).toEqual(fingerprintsOf(both)?.toSorted())
    })
  })
}
