import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAtLeast } from '../../src/haproxy/capabilities.ts'
import {
  canAddWith,
  opposites,
  serverKeyword,
  serverKeywords,
} from '../../src/haproxy/diff/server-keywords.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import { refusalOf } from '../../src/haproxy/runtime/replies.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab } from '../support/haproxy-lab.ts'
import { testCertificate, testKey } from '../support/tls-fixture.ts'

// The table of the keywords that `add server` takes, by version, against HAProxy itself: each is
// given to a server that is added.

/** What follows the keyword; `more`: without which HAProxy takes it for a mistake. */
const values: Readonly<Record<string, string>> = {
  addr: '127.0.0.1',
  'agent-addr': '127.0.0.1',
  'agent-inter': '2s',
  'agent-port': '99',
  'agent-send': 'x',
  alpn: 'h2',
  'check-alpn': 'h2',
  'check-pool-conn-name': 'x',
  'check-proto': 'h2',
  'check-sni': 'a.test',
  ciphers: 'ALL',
  ciphersuites: 'TLS_AES_128_GCM_SHA256',
  'client-sigalgs': 'RSA+SHA256',
  cookie: 'c',
  crt: 'CRT',
  'ca-file': 'CRT',
  'crl-file': 'CRT',
  curves: 'X25519',
  downinter: '1s',
  'error-limit': '5',
  fall: '1',
  fastinter: '1s',
  guid: 'one',
  'hash-key': 'id',
  healthcheck: 'mine',
  id: '77',
  'idle-ping': '10s',
  'init-addr': 'none',
  'init-state': 'down',
  inter: '2s',
  ktls: 'off',
  'log-bufsize': '100',
  'log-proto': 'legacy',
  'max-reuse': '5',
  maxconn: '5',
  maxqueue: '5',
  minconn: '2',
  namespace: 'x',
  npn: 'h2',
  observe: 'layer4',
  'on-error': 'fastinter',
  'on-marked-down': 'shutdown-sessions',
  'on-marked-up': 'shutdown-backup-sessions',
  'pool-conn-name': 'str(a)',
  'pool-low-conn': '1',
  'pool-max-conn': '5',
  'pool-purge-delay': '5s',
  port: '80',
  proto: 'h2',
  'proxy-v2-options': 'ssl',
  redir: '/x',
  'resolve-net': '10.0.0.0/8',
  'resolve-opts': 'allow-dup-ip',
  'resolve-prefer': 'ipv4',
  resolvers: 'r',
  rise: '1',
  'set-proxy-v2-tlv-fmt': '%[src]',
  shard: '1',
  sigalgs: 'RSA+SHA256',
  slowstart: '5s',
  sni: 'str(a)',
  socks4: '127.0.0.1:1',
  source: '127.0.0.1',
  'ssl-max-ver': 'TLSv1.3',
  'ssl-min-ver': 'TLSv1.2',
  'tcp-ut': '5s',
  track: 'fixed',
  verify: 'none',
  verifyhost: 'a.test',
  weight: '3',
  ws: 'h1',
}
const more: Readonly<Record<string, string>> = {
  'agent-check': 'agent-port 99',
  'check-ssl': 'verify none',
  minconn: 'maxconn 9',
  ssl: 'verify none',
}

describe.each(haproxyPrograms())('servers added to HAProxy $line', ({ path, version }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let certificate = ''

  beforeAll(async () => {
    lab = await HaproxyLab.open(path)
    certificate = join(lab.folder, 'both.pem')
    await writeFile(certificate, `${testCertificate}${testKey}`)
    const { config, files } = lab.desired([])
    const loaded = `  server fixed 127.0.0.1:1 check ssl verify required ca-file ${certificate} crl-file ${certificate} crt ${certificate}\n`
    const checks = isAtLeast(version, 3, 4) ? 'healthcheck mine\n  type httpchk\n' : ''
    await lab.write({ config: `${config}backend b\n${loaded}${checks}`, files, servers: new Map() })
    haproxy = lab.process()
    await haproxy.start()
  })
  afterAll(() => lab.close())

  it.each([...serverKeywords()])('with %s', async (keyword) => {
    const isTlv = keyword === 'set-proxy-v2-tlv-fmt'
    const given = (values[keyword] ?? '').replace('CRT', certificate)
    expect(given === '').toBe(serverKeyword(keyword)?.arguments === 0)
    const words = [isTlv ? `${keyword}(0xE1)` : keyword, given, more[keyword] ?? '']
    const command = `add server b/one 127.0.0.1:80 ${words.filter((word) => word !== '').join(' ')}`
    const [reply = ''] = await haproxy.execute([command, 'del server b/one'])
    const isTaken = refusalOf(reply) === undefined
    // The form that undoes another one is not sent: it takes the other one away.
    if (!opposites.has(keyword)) expect(isTaken, reply).toBe(canAddWith(keyword, version))
  })

  it('with no other keyword than those', async () => {
    const [reply = ''] = await haproxy.execute(['add server help'])
    const known = new Set([...serverKeywords(), 'disabled', 'enabled', 'usesrc'])
    const listed = reply.split('\n').slice(1)
    expect(listed.length > 0).toBe(isAtLeast(version, 3, 2))
    expect(listed.filter((keyword) => !known.has(keyword))).toEqual([])
  })
})
