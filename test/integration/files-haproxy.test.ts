import { mkdirSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import type { ApplyResult } from '../../src/haproxy/apply/context.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import { parseInfo } from '../../src/haproxy/runtime/info.ts'
import { showMapCommand } from '../../src/haproxy/runtime/maps.ts'
import { parseStatistics } from '../../src/haproxy/runtime/statistics.ts'
import { makeCertificate, shownCertificate } from '../support/certificates.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, get } from '../support/haproxy-lab.ts'
import { freePort } from '../support/ports.ts'

const [a, b, c, d] = ['a.test', 'b.test', 'c.test', 'd.test'].map((name) => makeCertificate(name))
const [newer, other] = [makeCertificate('a.test'), makeCertificate('b.test')]

describe.each(haproxyPrograms())('files of HAProxy $line', ({ path: program }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let applier: Applier
  let files: Map<string, string>
  let tlsPort: number
  let limits: { global: string[]; frontend: string }

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    haproxy = lab.process()
    applier = new Applier({ haproxy, planChanges })
    lab.release(() => applier.close())
    tlsPort = await freePort()
    limits = { global: ['maxconn 200', 'maxsessrate 100'], frontend: 'maxconn 100' }
    mkdirSync(join(lab.folder, 'more'))
    files = new Map([
      [at('hosts.map'), 'one.test first\n'],
      [at('paths.map'), '^/a first\n^/ab second\n'],
      [at('denied.acl'), '/secret\n'],
      [at('seen.map'), '/known 1\n'],
      [at('a.pem'), pemOf(a)],
      [at('list'), `${at('c.pem')} [alpn http/1.1] c.test\n`],
      [at('c.pem'), pemOf(c)],
      [at('more/b.pem'), pemOf(b)],
      [at('ca.pem'), c?.certificate ?? ''],
    ])
    expect((await apply()).how).toBe('reload')
  })

  afterEach(() => lab.close())

  const at = (name: string): string => join(lab.folder, name)

  function config(): string {
    return [
      'global',
      '  noreuseport',
      '  ssl-default-bind-options ssl-min-ver TLSv1.2',
      `  stats socket ${lab.options.workerSocket} mode 600 level admin expose-fd listeners`,
      ...limits.global.map((line) => `  ${line}`),
      'defaults',
      '  mode http',
      '  timeout connect 1s',
      '  timeout client 5s',
      '  timeout server 5s',
      'frontend web',
      `  ${limits.frontend}`,
      `  bind 127.0.0.1:${lab.port}`,
      `  bind 127.0.0.1:${tlsPort} ssl crt ${at('a.pem')} crt ${at('more')} crt-list ${at('list')}`,
      `  http-request set-map(${at('seen.map')}) %[path] 1 if { path -m beg /learn }`,
      `  http-request set-var(txn.seen) path,map_str(${at('seen.map')},none)`,
      `  acl denied path -f ${at('denied.acl')}`,
      '  http-request return status 200 content-type text/plain string denied if denied',
      `  http-request set-var(txn.host) req.hdr(host),lower,map_str(${at('hosts.map')},none)`,
      `  http-request set-var(txn.path) path,map_reg(${at('paths.map')},none)`,
      '  http-request return status 200 content-type text/plain lf-string "%[var(txn.host)] %[var(txn.path)]"',
      'backend unused',
      `  server s 127.0.0.1:9 ssl verify required ca-file ${at('ca.pem')} crt ${at('c.pem')}`,
      '',
    ].join('\n')
  }

  function apply(changes: Record<string, string | undefined> = {}): Promise<ApplyResult> {
    for (const [name, content] of Object.entries(changes)) {
      if (content === undefined) files.delete(at(name))
      else files.set(at(name), content)
    }
    const desired = { config: config(), files: new Map(files), servers: new Map() }
    return applier.applyDesired(desired)
  }

  /** Applies and sees that the same worker goes on, and that nothing is left to do. */
  async function change(changes: Record<string, string | undefined>): Promise<ApplyResult> {
    const { workerPid } = haproxy
    const result = await apply(changes)
    expect(result).toMatchObject({ how: 'runtime', reasons: [], problems: [] })
    expect(haproxy.workerPid).toBe(workerPid)
    expect(await drift()).toEqual([])
    for (const [name, content] of Object.entries(changes))
      if (content !== undefined) expect(await readFile(at(name), 'utf8')).toBe(content)
    return result
  }

  const drift = () =>
    applier.checkDrift({ config: config(), files: new Map(files), servers: new Map() })

  const ask = (host: string, path = '/'): Promise<string> => get(lab.port, { host, path })

  it('takes entries of a map, few and many at once', async () => {
    await change({ 'hosts.map': 'one.test other\nTwo.test x\ntwo.test a b;c\n' })
    expect(await ask('one.test')).toBe('other none')
    expect(await ask('two.test')).toBe('a b;c none')
    const many = Array.from({ length: 12_000 }, (_, index) => `host-${index}.test value-${index}`)
    const result = await change({ 'hosts.map': `${many.join('\n')}\none.test 1\none.test 2\n` })
    expect(result.commands[0]).toBe(`prepare map ${at('hosts.map')}`)
    expect(result.commands.at(-1)).toBe(`commit map @? ${at('hosts.map')}`)
    expect(await ask('host-11999.test')).toBe('value-11999 none')
    expect(await ask('one.test')).toBe('1 none')
    expect(await ask('two.test')).toBe('none none')
  })

  it('takes entries of an ordered map in another order', async () => {
    expect(await ask('x', '/ab')).toBe('none first')
    await change({ 'paths.map': '^/ab second\n^/a first\n' })
    expect(await ask('x', '/ab')).toBe('none second')
  })

  it('keeps the map that is in use when a new one is refused, and never meets half of it', async () => {
    const { workerPid } = haproxy
    const entries = Array.from({ length: 900 }, (_, index) => `^/new-${index} x`)
    const content = `${entries.join('\n')}\n^/( broken\n`
    await expect(apply({ 'paths.map': content })).rejects.toMatchObject({ code: 'config_rejected' })
    expect(haproxy.workerPid).toBe(workerPid)
    expect(await ask('x', '/new-1')).toBe('none none')
    expect(await ask('x', '/a')).toBe('none first')
    await change({ 'paths.map': '^/new-1 y\n^/a first\n' })
    expect(await ask('x', '/new-1')).toBe('none y')
  })

  it('takes patterns of an ACL, few and many at once', async () => {
    expect(await ask('x', '/secret')).toBe('denied')
    await change({ 'denied.acl': '/other\n/a;b\n' })
    expect(await ask('x', '/secret')).toBe('none none')
    expect(await ask('x', '/a;b')).toBe('denied')
    const many = Array.from({ length: 3_000 }, (_, index) => `/denied-${index}`)
    const result = await change({ 'denied.acl': `${many.join('\n')}\n` })
    expect(result.commands[0]).toBe(`prepare acl ${at('denied.acl')}`)
    expect(await ask('x', '/denied-2999')).toBe('denied')
    expect(await ask('x', '/other')).toBe('none none')
  })

  it('leaves alone what requests have put into a map', async () => {
    await ask('x', '/learned')
    const seen = async () => (await haproxy.execute([showMapCommand(at('seen.map'))]))[0]
    expect(await seen()).toContain('/learned 1')
    expect(await drift()).toEqual([])
    await change({ 'hosts.map': 'one.test other\n' })
    expect(await seen()).toContain('/learned 1')
    expect(await apply({ 'seen.map': '/other 1\n' })).toMatchObject({
      how: 'reload',
      reasons: [{ kind: 'file' }],
    })
  })

  it('takes another certificate by the same name, and shows no key', async () => {
    expect(await shownCertificate(tlsPort, 'a.test')).toBe(a?.certificate)
    const result = await change({ 'a.pem': newer.pem })
    expect(await shownCertificate(tlsPort, 'a.test')).toBe(newer.certificate)
    expect(result.commands.join('\n')).toMatch(/^set ssl cert \S+ <<  \(\d,?\d+ bytes\)$/m)
    expect(result.commands.join('\n')).not.toContain('PRIVATE')
    expect((await stat(at('a.pem'))).mode & 0o777).toBe(0o600)
    expect((await apply()).how).toBe('none')
  })

  it('takes a certificate with its key beside it', async () => {
    const split = { 'more/b.pem': b?.certificate, 'more/b.pem.key': b?.key }
    await change(split)
    expect(await shownCertificate(tlsPort, 'b.test')).toBe(b?.certificate)
    await change({ 'more/b.pem': other?.certificate, 'more/b.pem.key': other?.key })
    expect(await shownCertificate(tlsPort, 'b.test')).toBe(other?.certificate)
  })

  it('goes on with the old certificate when the key belongs to another', async () => {
    const { workerPid } = haproxy
    const wrong = newer.certificate + (b?.key ?? '')
    const failure = await apply({ 'a.pem': wrong }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'config_rejected' })
    expect(String(failure)).not.toContain('PRIVATE')
    expect(haproxy.workerPid).toBe(workerPid)
    expect(await shownCertificate(tlsPort, 'a.test')).toBe(a?.certificate)
    expect(await readFile(at('a.pem'), 'utf8')).toBe(a?.pem)
    await apply({ 'a.pem': newer.pem })
    expect(await shownCertificate(tlsPort, 'a.test')).toBe(newer.certificate)
  })

  it('takes certificates into a crt-list and out of it', async () => {
    const first = `${at('c.pem')} [alpn http/1.1] c.test\n`
    const added = `${first}${at('d.pem')} [alpn http/1.1] d.test *.d.test\n`
    await change({ list: added, 'd.pem': pemOf(d) })
    expect(await shownCertificate(tlsPort, 'x.d.test')).toBe(d?.certificate)
    await change({ list: first })
    expect(await shownCertificate(tlsPort, 'x.d.test')).toBe(a?.certificate)
    await change({ list: added })
    expect(await shownCertificate(tlsPort, 'd.test')).toBe(d?.certificate)
  })

  it('takes certificates into a folder and out of it', async () => {
    await change({ 'more/d.pem': pemOf(d) })
    expect(await shownCertificate(tlsPort, 'd.test')).toBe(d?.certificate)
    await change({ 'more/d.pem': undefined })
    expect(await shownCertificate(tlsPort, 'd.test')).toBe(a?.certificate)
  })

  it('takes other authorities', async () => {
    const both = (a?.certificate ?? '') + (b?.certificate ?? '')
    const result = await change({ 'ca.pem': both })
    expect(result.changes).toEqual(['ca-file ca.pem: replaced'])
  })

  it('finds a certificate that somebody else has put there, and puts it right', async () => {
    const lines = newer.pem.trim().split('\n').join('\n')
    await haproxy.execute([
      `set ssl cert ${at('a.pem')} <<\n${lines}\n`,
      `commit ssl cert ${at('a.pem')}`,
    ])
    expect(await shownCertificate(tlsPort, 'a.test')).toBe(newer.certificate)
    expect(await drift()).toEqual(['certificate a.pem: replaced'])
    expect((await apply()).how).toBe('runtime')
    expect(await shownCertificate(tlsPort, 'a.test')).toBe(a?.certificate)
  })

  it('takes limits, up to what it made room for', async () => {
    limits = { global: ['maxconn 150', 'maxconnrate 70'], frontend: 'maxconn 60' }
    await change({})
    expect(await limitsNow()).toEqual(['150', '70', '0', '60'])
    limits = { global: ['maxconn 200'], frontend: 'maxconn 90' }
    await change({})
    expect(await limitsNow()).toEqual(['200', '0', '0', '90'])
    limits = { global: ['maxconn 210'], frontend: 'maxconn 90' }
    expect(await apply()).toMatchObject({ how: 'reload', reasons: [{ kind: 'setting' }] })
    expect(await limitsNow()).toEqual(['210', '0', '0', '90'])
  })

  async function limitsNow(): Promise<(string | undefined)[]> {
    const [info = '', statistics = ''] = await haproxy.execute(['show info', 'show stat -1 1 -1'])
    const fields = parseInfo(info)?.fields
    const [web] = parseStatistics(statistics).filter(({ proxy }) => proxy === 'web')
    return [
      ...['Maxconn', 'ConnRateLimit', 'SessRateLimit'].map((name) => fields?.get(name)),
      web?.columns.get('slim'),
    ]
  }
})

function pemOf(made: { readonly pem: string } | undefined): string {
  return made?.pem ?? ''
}
