import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveConsulApi, type ConsulApiServer } from '../support/consul-api-server.ts'

const run = promisify(execFile)

let server: ConsulApiServer
beforeEach(async () => {
  server = await serveConsulApi()
})
afterEach(() => server.close())

/** The consul program as a client of fairlead's embedded registry. */
async function consul(...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', CONSUL_HTTP_ADDR: server.url }
  const { stdout } = await run('consul', [...args], { env, timeout: 60_000 })
  return stdout.trim()
}

describe('the consul program', () => {
  it('keeps keys', async () => {
    expect(await consul('kv', 'put', 'app/motd', 'hello')).toContain('Success')
    expect(await consul('kv', 'put', '-flags=42', 'app/other', 'x')).toContain('Success')
    expect(await consul('kv', 'get', 'app/motd')).toBe('hello')
    expect(await consul('kv', 'get', '-detailed', 'app/other')).toMatch(/Flags +42/)
    expect(await consul('kv', 'get', '-recurse', 'app')).toBe('app/motd:hello\napp/other:x')
    expect(await consul('kv', 'get', '-keys', '')).toBe('app/')
    await expect(consul('kv', 'put', '-cas', '-modify-index=1', 'app/motd', 'y')).rejects.toThrow()
    expect(JSON.parse(await consul('kv', 'export', 'app/o'))).toEqual([
      { key: 'app/other', flags: 42, value: 'eA==' },
    ])
    expect(await consul('kv', 'delete', '-recurse', 'app')).toContain('Success')
    await expect(consul('kv', 'get', 'app/motd')).rejects.toThrow('No key exists')
  })

  it('registers services, lists them with their nodes, and takes them back', async () => {
    const flags = ['-name=web', '-id=web-1', '-address=10.0.0.1', '-port=80', '-tag=v1']
    expect(await consul('services', 'register', ...flags)).toBe('Registered service: web')
    expect(await consul('catalog', 'services', '-tags')).toMatch(/^web +v1$/)
    expect(await consul('catalog', 'nodes', '-service=web')).toContain(server.node)
    expect(await consul('catalog', 'datacenters')).toBe('dc1')
    expect(await consul('members')).toContain(`${server.node} `)
    expect(await consul('services', 'deregister', '-id=web-1')).toContain('Deregistered')
    expect(await consul('catalog', 'services')).toBe('')
  })

  it('watches a service and a prefix', async () => {
    await consul('services', 'register', '-name=web', '-port=80')
    await consul('kv', 'put', 'app/a', '1')
    const service = JSON.parse(await consul('watch', '-type=service', '-service=web'))
    expect(service).toMatchObject([{ Service: { ID: 'web', Port: 80 } }])
    const keys = JSON.parse(await consul('watch', '-type=keyprefix', '-prefix=app/'))
    expect(keys).toMatchObject([{ Key: 'app/a', Value: 'MQ==' }])
  })
})
