import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checksOf, type CheckTarget } from '../../src/registration/checks.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'

type Checks = Readonly<Record<string, { Type: string; Status: string; Output: string }>>
type Asked = { method: string; url: string; host: string; other: string; body: string }

/** Each attribute as a container gives it, on an agent that runs the checks. */
describe('checks that a real agent runs', () => {
  let agent: ConsulAgent
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    void text(request).then((body) => {
      asked.push({
        method,
        url,
        host: headers.host ?? '',
        other: headers['x-a']?.toString() ?? '',
        body,
      })
      response.end('fine')
    })
  })
  let target: CheckTarget

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const containerId = 'f'.repeat(64)
    target = { address: '127.0.0.1', port, exposedPort: 80, containerId }
    agent = await startConsul({ scriptChecks: true })
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await agent.close()
  })

  async function register(
    id: string,
    attributes: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const { checks } = checksOf(attributes, target, {
      areSeveralMade: true,
      isExtended: true,
      areCommandsMade: true,
    })
    const body = { ID: id, Name: id, Check: null, Checks: checks }
    const { status } = await agent.api('PUT', '/v1/agent/service/register', body)
    expect(status).toBe(200)
    return checks.map((_, at) => `service:${id}${checks.length > 1 ? `:${at + 1}` : ''}`)
  }
  const check = async (id: string) => (await agent.api<Checks>('GET', '/v1/agent/checks')).body[id]
  const statusOf = async (id: string): Promise<string> => (await check(id))?.Status ?? 'none'

  it.each([
    ['http', { check_http: '/' }],
    ['tcp', { check_tcp: 'true' }],
    ['script', { check_script: `sh -c 'test "$SERVICE_IP" = 127.0.0.1 && echo "it works"'` }],
    ['args', { check_args: '["sh", "-c", "test $SERVICE_PORT -gt 0"]' }],
  ])('can be passed, with check_%s', async (name, attributes) => {
    const [id = ''] = await register(name, { ...attributes, check_interval: '200ms' })
    await expect.poll(() => statusOf(id), { timeout: 60_000 }).toBe('passing')
  })

  it('send the method, the headers and the body that they are told to', async () => {
    const [id = ''] = await register('request', {
      check_http: '/health?full',
      check_http_method: 'POST',
      check_http_header: 'Host: web.example\nX-A: one',
      check_http_body: '{"deep":true}',
      check_interval: '200ms',
      check_timeout: '2s',
    })
    await expect.poll(() => statusOf(id), { timeout: 60_000 }).toBe('passing')
    expect(asked.filter(({ method }) => method === 'POST')[0]).toEqual({
      method: 'POST',
      url: '/health?full',
      host: 'web.example',
      other: 'one',
      body: '{"deep":true}',
    })
  })

  it('are all there side by side, each of its kind and in its first state', async () => {
    const ids = await register('all', {
      check_http: '/',
      check_https: '/',
      check_tls_skip_verify: 'true',
      check_cmd: 'true',
      check_script: 'true',
      check_ttl: '1h',
      check_tcp: 'true',
      check_grpc: 'true',
      check_docker: 'true',
      check_interval: '1h',
      check_initial_status: 'warning',
      check_2_tcp: 'true',
      check_2_interval: '1h',
      check_2_initial_status: 'passing',
    })
    const all = await Promise.all(ids.map((id) => check(id)))
    expect(all.map((each) => each?.Type)).toEqual([
      'http',
      'http',
      'script',
      'script',
      'ttl',
      'tcp',
      'grpc',
      'docker',
      'tcp',
    ])
    expect(all[4]?.Status).toBe('warning')
    expect(all[8]?.Status).toBe('passing')
  })
})
