import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestApi, type TestApi } from '../../../test/support/api-request.ts'

const register = '/v1/agent/service/register'

let api: TestApi
beforeEach(() => {
  api = createTestApi()
})
afterEach(() => api.close())

describe('register', () => {
  it("takes what Consul's clients send, without a content type and with fields it does not use", async () => {
    const response = await api.put(register, {
      ID: 'redis1',
      Name: 'redis',
      Tags: ['primary', 'v1'],
      Address: '127.0.0.1',
      Port: 8000,
      Meta: { fairlead_host: 'redis.example' },
      EnableTagOverride: false,
      TaggedAddresses: { lan: { Address: '10.0.0.1', Port: 8000 } },
      Weights: { Passing: 10, Warning: 1 },
      Check: null,
      Checks: [],
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect(api.daemon.calls).toEqual([
      [
        'register',
        {
          ID: 'redis1',
          Name: 'redis',
          Tags: ['primary', 'v1'],
          Address: '127.0.0.1',
          Port: 8000,
          Meta: { fairlead_host: 'redis.example' },
          Weights: { Passing: 10, Warning: 1 },
        },
      ],
    ])
  })

  it('takes null and empty for absent, and field names in any case', async () => {
    const body = { id: '', name: 'a', port: 1, address: '', tags: null, meta: null, weights: null }
    expect((await api.put(register, body)).status).toBe(200)
    expect(api.daemon.calls).toEqual([['register', { Name: 'a', Port: 1 }]])
  })

  it.each([
    [{ Port: 80 }, /^Name: /],
    [{ Name: '', Port: 80 }, /^Name: a service needs a name$/],
    [{ Name: 'a' }, /^Port: /],
    [{ Name: 'a', Port: 0 }, /^Port: /],
    [{ Name: 'a', Port: 65_536 }, /^Port: /],
    [{ Name: 'a', Port: '80' }, /^Port: /],
    [{ Name: 'a', Port: 80, Address: 'db.example' }, /^Address: an IP address is needed/],
    [{ Name: 'a', Port: 80, Tags: ['x', 1] }, /^Tags\.1: /],
    [{ Name: 'a', Port: 80, Meta: { a: 1 } }, /^Meta\.a: /],
    [{ Name: 'a', Port: 80, Weights: { Passing: -1 } }, /^Weights\.Passing: /],
    [[], /^Name: /],
    ['null', /^Invalid type/],
    ['{', /^the body is not JSON/],
  ])('refuses %j in plain text', async (body, message) => {
    const response = await api.put(register, body)
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(await response.text()).toMatch(message)
    expect(api.daemon.calls).toEqual([])
  })

  it.each([
    { Check: { HTTP: 'http://127.0.0.1/', Interval: '10s' } },
    { Checks: [{ TTL: '10s' }] },
  ])('refuses a check rather than not run it, and says what to use: %j', async (checks) => {
    const response = await api.put(register, { Name: 'a', Port: 80, ...checks })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('fairlead_check')
    expect(api.daemon.calls).toEqual([])
  })
})

describe('deregister and maintenance', () => {
  const id = 'box:web/1 %41:80'
  const base = '/v1/agent/service'

  it('take the id, encoded or with plain slashes', async () => {
    api.daemon.known.add(id).add('host:a/b:80')
    expect((await api.put(`${base}/deregister/${encodeURIComponent(id)}`)).status).toBe(200)
    expect((await api.put(`${base}/deregister/host:a/b:80`)).status).toBe(200)
    const path = `${base}/maintenance/${encodeURIComponent(id)}`
    expect((await api.put(`${path}?enable=true&reason=new%20disk`)).status).toBe(200)
    expect((await api.put(`${path}?enable=0`)).status).toBe(200)
    expect(api.daemon.calls).toEqual([
      ['deregister', id],
      ['deregister', 'host:a/b:80'],
      ['setMaintenance', id, true, 'new disk'],
      ['setMaintenance', id, false, ''],
    ])
  })

  it('answer 404 for an unknown id and 400 for an unclear flag, in plain text', async () => {
    api.daemon.known.add('a')
    const unknown = await api.put(`${base}/deregister/b`)
    expect([unknown.status, await unknown.text()]).toEqual([404, 'nothing is known of b'])
    for (const query of ['', '?enable=', '?enable=yes']) {
      const response = await api.put(`${base}/maintenance/a${query}`)
      expect(response.status).toBe(400)
      expect(await response.text()).toMatch(/value for enable/)
    }
  })
})
