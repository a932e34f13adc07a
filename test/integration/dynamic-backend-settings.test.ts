import { afterEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import { isAtLeast } from '../../src/haproxy/capabilities.ts'
import { usableSettings } from '../../src/haproxy/diff/dynamic-backend.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, get, until } from '../support/haproxy-lab.ts'

// Whatever fairlead lets stand in the defaults of a backend that is made at runtime works there: the
// backend is made, answers, and is ended, and the worker lives on.

/** One or more lines for each setting, to stand in a `defaults` of mode http. */
const lines: Readonly<Record<string, readonly string[]>> = {
  backlog: ['backlog 100'],
  balance: ['balance leastconn'],
  compression: ['compression algo gzip', 'compression type text/plain'],
  cookie: ['cookie SRV insert indirect nocache dynamic', 'dynamic-cookie-key k'],
  'default-server': ['default-server check inter 2s'],
  'dynamic-cookie-key': ['dynamic-cookie-key k'],
  errorfile: ['errorfile 503 /dev/null'],
  errorloc: ['errorloc 503 http://127.0.0.1/'],
  errorloc302: ['errorloc302 503 http://127.0.0.1/'],
  errorloc303: ['errorloc303 503 http://127.0.0.1/'],
  fullconn: ['fullconn 100'],
  'hash-balance-factor': ['balance uri', 'hash-type consistent', 'hash-balance-factor 150'],
  'hash-type': ['balance source', 'hash-type consistent'],
  'http-after-response': ['http-after-response set-header X-A b'],
  'http-check': [
    'option httpchk',
    'http-check send meth GET uri /',
    'http-check expect status 200',
  ],
  'http-error': ['http-error status 503 content-type text/plain lf-string "%[be_name]"'],
  'http-request': ['http-request set-header X-A %[be_name]'],
  'http-response': ['http-response set-header X-A %[be_name]'],
  'http-reuse': ['http-reuse always'],
  'http-send-name-header': ['http-send-name-header X-Server'],
  log: ['log stdout format raw local0'],
  'log-format': ['log-format "%ci"'],
  maxconn: ['maxconn 100'],
  mode: ['mode http'],
  'monitor-uri': ['monitor-uri /monitor'],
  option: ['option forwardfor', 'option redispatch 1', 'no option http-keep-alive'],
  retries: ['retries 2'],
  'retry-on': ['retry-on all-retryable-errors'],
  source: ['source 127.0.0.1'],
  'srvtcpka-cnt': ['option srvtcpka', 'srvtcpka-cnt 3'],
  'srvtcpka-idle': ['option srvtcpka', 'srvtcpka-idle 3s'],
  'srvtcpka-intvl': ['option srvtcpka', 'srvtcpka-intvl 1s'],
  'tcp-check': ['option tcp-check', 'tcp-check connect'],
  'tcp-request': ['tcp-request inspect-delay 5s', 'tcp-request content accept'],
  timeout: ['timeout queue 3s'],
  'unique-id-format': ['unique-id-format %[uuid]', 'unique-id-header X-Id'],
  'unique-id-header': ['unique-id-format %[uuid]', 'unique-id-header X-Id'],
}

const dynamic = haproxyPrograms().filter(({ version }) => isAtLeast(version, 3, 4))

it('every setting that is let through is tried here', () => {
  expect([...usableSettings].toSorted()).toEqual(Object.keys(lines).toSorted())
})

describe.each(dynamic)('on HAProxy $line', ({ path }) => {
  let lab: HaproxyLab | undefined
  afterEach(() => lab?.close())

  it.each(Object.entries(lines))('%s in the defaults', async (_name, settings) => {
    lab = await HaproxyLab.open(path)
    const haproxy = lab.process()
    const applier = new Applier({ haproxy, planChanges })
    lab.release(() => applier.close())
    const { mapPath } = lab
    const base = lab.desired([])
    const head = base.config.slice(0, base.config.indexOf('frontend web'))
    const rest = base.config.slice(base.config.indexOf('frontend web'))
    const named = head.replace('defaults\n', 'defaults base\n')
    const profile = ['defaults profile from base', ...settings, 'defaults rest from base', ''].join(
      '\n',
    )
    const config = (backend: string): string => `${named}${profile}${rest}${backend}`
    const hosts = (text: string) => new Map([[mapPath, text]])
    const start = { ...base, config: config(''), files: hosts('') }
    await applier.applyDesired(start)
    const { workerPid } = haproxy
    const port = await lab.webServer('here')
    const made = {
      ...start,
      config: config(`backend made from profile\n  server s 127.0.0.1:${port}\n`),
      files: hosts('made.test made\n'),
    }
    const result = await applier.applyDesired(made)
    expect(result.reasons).toEqual([])
    expect(await get(lab.port, { host: 'made.test' })).toBe('here')
    expect((await applier.applyDesired(start)).how).toBe('runtime')
    await until('its end', () => applier.lingering.length === 0)
    expect(haproxy.workerPid).toBe(workerPid)
    const [info = ''] = await haproxy.execute(['show info'])
    expect(info).toContain(`Pid: ${workerPid}`)
  })
})
