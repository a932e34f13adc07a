import { afterEach, describe, expect, it } from 'vitest'
import { createTestApi, loopbackArrival, type TestApi } from '../../test/support/api-request.ts'
import type { Arrival } from './arrival.ts'
import { isLoopbackAddress, isSameSecret } from './guard.ts'

const token = 'a-token-of-good-length'
const remote: Arrival = {
  kind: 'tcp',
  address: '10.1.2.3',
  port: 7400,
  isLoopbackListener: false,
}

let api: TestApi
afterEach(() => api.close())

async function statusOf(
  headers: Record<string, string>,
  arrival: Arrival | null = loopbackArrival,
): Promise<number> {
  const response = await api.ask('/api/status', { headers }, arrival)
  return response.status
}

describe('the Host header', () => {
  it.each(['127.0.0.1:7400', 'localhost:7400', 'LocalHost:7400', '[::1]:7400', '[0:0::1]:7400'])(
    'may be the own loopback address: %s',
    async (host) => {
      api = createTestApi()
      expect(await statusOf({ host })).toBe(200)
    },
  )

  it.each([
    'evil.example',
    'evil.example:7400',
    '127.0.0.1',
    '127.0.0.1:7401',
    'localhost.evil.example:7400',
    '127.0.0.1:7400@evil.example',
    'localhost:7400/x',
    '10.1.2.3:7400',
    '',
  ])('is refused when it is foreign: %j', async (host) => {
    api = createTestApi()
    expect(await statusOf({ host })).toBe(403)
  })

  it('names what to do about it', async () => {
    api = createTestApi()
    const response = await api.ask('/api/status', { headers: { host: 'lb.example' } })
    expect(await response.json()).toEqual({
      error: {
        code: 'forbidden',
        message: 'the admin API is not asked under the name "lb.example"',
        hint: expect.stringContaining('admin-host'),
      },
    })
  })

  it('may be a configured name, at any port unless one is given', async () => {
    api = createTestApi({ adminHosts: ['LB.example', 'other.example:9000'] })
    expect(await statusOf({ host: 'lb.example' })).toBe(200)
    expect(await statusOf({ host: 'lb.example:8443' })).toBe(200)
    expect(await statusOf({ host: 'other.example:9000' })).toBe(200)
    expect(await statusOf({ host: 'other.example:9001' })).toBe(403)
  })

  it('may be the address that was dialled on a wildcard bind, also as IPv6 shows an IPv4 one', async () => {
    api = createTestApi({ token })
    const auth = { authorization: `Bearer ${token}` }
    expect(await statusOf({ ...auth, host: '10.1.2.3:7400' }, remote)).toBe(200)
    const mapped = { ...remote, address: '::ffff:10.1.2.3' }
    expect(await statusOf({ ...auth, host: '10.1.2.3:7400' }, mapped)).toBe(200)
    const v6 = { ...remote, address: 'fd00::7' }
    expect(await statusOf({ ...auth, host: '[fd00:0::7]:7400' }, v6)).toBe(200)
    expect(await statusOf({ ...auth, host: 'localhost:7400' }, remote)).toBe(403)
  })

  it('is not looked at on a unix socket', async () => {
    api = createTestApi()
    expect(await statusOf({ host: 'anything' }, { kind: 'unix' })).toBe(200)
  })

  it('is guarded on the open paths and on unknown ones, too', async () => {
    api = createTestApi()
    for (const path of ['/healthz', '/readyz', '/metrics', '/nothing', '/v1/agent/services']) {
      const response = await api.ask(path, { headers: { host: 'evil.example' } })
      expect(response.status, path).toBe(403)
    }
  })

  it('refuses everything that came by no known listener', async () => {
    api = createTestApi()
    expect(await statusOf({}, null)).toBe(403)
  })
})

describe('the Origin header', () => {
  it('may be the API itself', async () => {
    api = createTestApi({ adminHosts: ['lb.example'] })
    expect(await statusOf({ origin: 'http://127.0.0.1:7400' })).toBe(200)
    expect(await statusOf({ host: 'lb.example', origin: 'https://lb.example' })).toBe(200)
  })

  it.each([
    'http://evil.example',
    'null',
    'http://127.0.0.1:8080',
    'http://localhost:7400',
    'file://',
  ])('is refused when it is another: %s', async (origin) => {
    api = createTestApi()
    expect(await statusOf({ origin })).toBe(403)
  })

  it('is refused on a unix socket, which no page can ask', async () => {
    api = createTestApi()
    expect(await statusOf({ origin: 'http://localhost' }, { kind: 'unix' })).toBe(403)
  })
})

describe('a POST', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json', ''])(
    'that a page could send without a preflight is refused: %j',
    async (type) => {
      api = createTestApi()
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
      const body = type === '' ? null : '{}'
      const response = await api.ask('/api/down', { method: 'POST', headers, body })
      expect(response.status).toBe(415)
      expect(api.daemon.calls).toEqual([])
    },
  )
})

describe('the token', () => {
  const host = '10.1.2.3:7400'

  it('opens a listener beyond loopback, as Bearer or as Consul sends it', async () => {
    api = createTestApi({ token })
    expect(await statusOf({ host, authorization: `Bearer ${token}` }, remote)).toBe(200)
    expect(await statusOf({ host, authorization: `bearer ${token}` }, remote)).toBe(200)
    expect(await statusOf({ host, 'x-consul-token': token }, remote)).toBe(200)
  })

  it('is wanted there, with a challenge', async () => {
    api = createTestApi({ token })
    const response = await api.ask('/api/status', { headers: { host } }, remote)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    for (const wrong of ['', 'x', `${token}x`, token.slice(1), token.toUpperCase()]) {
      expect(await statusOf({ host, authorization: `Bearer ${wrong}` }, remote)).toBe(401)
      expect(await statusOf({ host, 'x-consul-token': wrong }, remote)).toBe(401)
    }
  })

  it('is not wanted for the probes', async () => {
    api = createTestApi({ token })
    for (const path of ['/healthz', '/readyz']) {
      expect((await api.ask(path, { headers: { host } }, remote)).status).toBe(200)
    }
    for (const path of ['/healthz/', '/metrics', '/api/events', '/nothing']) {
      expect((await api.ask(path, { headers: { host } }, remote)).status, path).toBe(401)
    }
  })

  it('opens nothing where none is set', async () => {
    api = createTestApi()
    expect(await statusOf({ host, authorization: 'Bearer undefined' }, remote)).toBe(401)
    expect(await statusOf({ host, 'x-consul-token': '' }, remote)).toBe(401)
  })

  it('is not wanted on loopback and on a unix socket', async () => {
    api = createTestApi({ token })
    expect(await statusOf({})).toBe(200)
    expect(await statusOf({}, { kind: 'unix' })).toBe(200)
  })

  it('is compared whatever the lengths', () => {
    api = createTestApi()
    expect(isSameSecret('abc', 'abc')).toBe(true)
    expect(isSameSecret('abc', 'abcd')).toBe(false)
    expect(isSameSecret('', 'abc')).toBe(false)
  })
})

it('takes only loopback addresses for loopback, and no name', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopbackAddress)).toBe(true)
  expect(['0.0.0.0', '*', '::', '10.0.0.1', 'localhost', ''].some(isLoopbackAddress)).toBe(false)
})
