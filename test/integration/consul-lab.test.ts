import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Agent } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startConsul } from '../support/consul/consul-agent.ts'
import { askConsul } from '../support/consul/consul-api.ts'
import { startConsulCluster } from '../support/consul/consul-cluster.ts'
import { startFaultProxy } from '../support/consul/fault-proxy.ts'
import { ask } from '../support/plain-servers.ts'
import { waitUntil } from '../support/wait-until.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function closing<T extends { close(): Promise<unknown> }>(opened: T): T {
  closers.push(() => opened.close())
  return opened
}

describe('an agent of the lab', () => {
  it('keeps its state over a stop and a kill, loses it when it is started empty, and leaves nothing', async () => {
    const agent = closing(await startConsul({ nodeName: 'fairlead-t-node' }))
    const { address } = agent
    await agent.api('PUT', '/v1/agent/service/register', { Name: 'web', Port: 80 })
    await agent.api('PUT', '/v1/kv/app/key', 'one')
    const value = async (): Promise<unknown> => (await agent.api('GET', '/v1/kv/app/key?raw')).body

    await agent.stop()
    await expect(agent.api('GET', '/v1/status/leader')).rejects.toThrow('ECONNREFUSED')
    await agent.start()
    expect(await value()).toBe('one')

    await agent.kill()
    await agent.start()
    expect(await value()).toBe('one')
    const services = async (): Promise<string[]> =>
      Object.keys((await agent.api<object>('GET', '/v1/agent/services')).body)
    expect(await services()).toEqual(['web'])

    await agent.kill()
    await agent.startEmpty()
    expect((await agent.api('GET', '/v1/kv/app/key')).status).toBe(404)
    expect(await services()).toEqual([])
    expect(agent.address).toBe(address)

    const { folder, pid = 0 } = agent
    await agent.close()
    expect(existsSync(folder)).toBe(false)
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('accepts connections and answers nothing while it is frozen', async () => {
    const agent = closing(await startConsul())
    await agent.freeze()
    const asked = agent.api('GET', '/v1/status/leader', undefined, { timeoutMs: 300 })
    await expect(asked).rejects.toThrow('aborted')
    agent.thaw()
    expect((await agent.api('GET', '/v1/status/leader')).status).toBe(200)
  })

  it('asks for a certificate and a token when it is told to, and still does after a restart', async () => {
    const agent = closing(await startConsul({ acl: true, tls: 'mutual' }))
    expect(agent.url).toMatch(/^https:/)
    const write = async (token?: string): Promise<number> =>
      (await agent.api('PUT', '/v1/kv/key', '1', token === undefined ? {} : { token })).status
    expect(await write()).toBe(200)
    expect(await write('')).toBe(403)
    await agent.stop()
    await agent.start()
    expect(await write()).toBe(200)
    expect(await write('')).toBe(403)
  })
})

it('ends an agent, and removes its folder, with the process that started it', async () => {
  const support = new URL('../support/consul/consul-agent.ts', import.meta.url).href
  const code = `const { startConsul } = await import(${JSON.stringify(support)})
    const agent = await startConsul()
    console.log(JSON.stringify([agent.pid, agent.folder]))
    setInterval(() => undefined, 60_000)`
  const node = ['--import', 'tsx', '--input-type=module', '-e', code]
  const starter = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(starter.stdout, 'data')) as [Buffer]
  const [pid, folder] = JSON.parse(line.toString()) as [number, string]
  expect(programOf(pid)).toBe('consul')
  starter.kill('SIGKILL')
  await waitUntil('its end', () => programOf(pid) === '' && !existsSync(folder))
})

/** Empty for one that has ended, even if nobody has asked for its exit code yet. */
function programOf(pid: number): string {
  const ps = spawnSync('ps', ['-o', 'comm=', '-p', `${pid}`], { encoding: 'utf8' })
  return ps.stdout.includes('<defunct>') ? '' : ps.stdout.trim()
}

describe('a cluster of the lab', () => {
  it('elects another leader when one is killed, and takes it back', async () => {
    const cluster = closing(await startConsulCluster(3))
    const client = await cluster.startClient()
    const first = await cluster.leader()
    await client.api('PUT', '/v1/kv/key', 'kept')
    await first.kill()
    const second = await cluster.leader()
    expect(second.nodeName).not.toBe(first.nodeName)
    // For a moment it still asks the server that is gone.
    await vi.waitFor(
      async () => expect((await client.api('GET', '/v1/kv/key?raw')).body).toBe('kept'),
      { timeout: 60_000 },
    )
    await first.start()
    // All name the same one; that need not be the one from before where the machine is busy.
    await cluster.leader()
    const { body } = await first.api<readonly { Node: string }[]>('GET', '/v1/catalog/nodes')
    expect(body.map(({ Node }) => Node)).toEqual(['client1', 'server1', 'server2', 'server3'])
  })
})

describe('a proxy with faults', () => {
  it('passes blocking queries on over connections that stay open, counts, and ends what its client ends', async () => {
    const agent = closing(await startConsul({ socket: true }))
    // Sees what of it reaches the agent.
    const inner = closing(await startFaultProxy(`unix://${agent.socket}`))
    const proxy = closing(await startFaultProxy(inner.url))
    await askConsul(proxy.url, 'PUT', '/v1/kv/key', 'one')
    const keepAlive = new Agent({ keepAlive: true })
    const port = Number(proxy.address.split(':')[1])
    const read = (query = ''): ReturnType<typeof ask> =>
      ask(port, { path: `/v1/kv/key?raw${query}`, agent: keepAlive })
    proxy.forget()
    const seen: string[] = []
    const release = proxy.observe(({ path }) => {
      seen.push(path)
      return () => seen.push('end')
    })
    const index = String((await read()).headers['x-consul-index'])
    const blocked = read(`&index=${index}&wait=60s`)
    await waitUntil('a blocking query', () => proxy.count('index=') === 1)
    expect(proxy.inFlight.now).toBe(1)
    await agent.api('PUT', '/v1/kv/key', 'two')
    expect(await blocked).toMatchObject({ status: 200, body: 'two' })
    expect(proxy.connections).toEqual({ open: 1, most: 1, made: 1 })
    expect(proxy.counts()).toEqual(new Map([['GET /v1/kv/key', 2]]))
    const paths = ['/v1/kv/key?raw', `/v1/kv/key?raw&index=${index}&wait=60s`]
    expect(seen).toEqual([paths[0], 'end', paths[1], 'end'])
    release()
    keepAlive.destroy()

    const gone = new AbortController()
    const path = `/v1/kv/fairlead-t/nothing?index=100000&wait=60s`
    const { signal } = gone
    const abandoned = askConsul(proxy.url, 'GET', path, undefined, { signal })
    await waitUntil('under way', () => inner.inFlight.now === 1)
    gone.abort()
    await expect(abandoned).rejects.toThrow('aborted')
    await waitUntil('its end', () => proxy.connections.open + inner.connections.open === 0)
    expect(proxy.inFlight).toEqual({ now: 0, most: 1 })
    // One for what came one after the other; the abandoned query's ended with it.
    expect(inner.connections).toEqual({ open: 0, most: 1, made: 1 })
  })

  it('does to requests what it is told, and to the others nothing', async () => {
    const agent = closing(await startConsul())
    const proxy = closing(await startFaultProxy(agent.url))
    await agent.api('PUT', '/v1/kv/key', 'value')
    const get = (timeoutMs = 10_000): ReturnType<typeof askConsul> =>
      askConsul(proxy.url, 'GET', '/v1/kv/key', undefined, { timeoutMs })

    const end = proxy.inject('/v1/kv', { kind: 'status', status: 429, body: 'slow down' })
    expect(await get()).toMatchObject({ status: 429, body: 'slow down' })
    expect((await askConsul(proxy.url, 'GET', '/v1/status/leader')).status).toBe(200)
    end()
    expect((await get()).status).toBe(200)

    proxy.inject('/v1/kv', { kind: 'reset' }, 1)
    await expect(get()).rejects.toThrow('ECONNRESET')
    proxy.inject('/v1/kv', { kind: 'truncate' }, 1)
    await expect(get()).rejects.toThrow(SyntaxError)
    proxy.inject('/v1/kv', { kind: 'cut' }, 1)
    await expect(get()).rejects.toThrow('aborted')
    proxy.inject('/v1/kv', { kind: 'blackhole' }, 1)
    await expect(get(200)).rejects.toThrow('aborted')
    proxy.inject('/v1/kv', { kind: 'index', rewrite: (index) => index - 1 }, 1)
    const rewritten = Number((await get()).headers['x-consul-index'])
    const plain = await get()
    expect(plain.status).toBe(200)
    expect(Number(plain.headers['x-consul-index'])).toBe(rewritten + 1)
  })

  it('holds a request as long as it is told, and refuses connections on the same port until it accepts them', async () => {
    const agent = closing(await startConsul())
    const proxy = closing(await startFaultProxy(agent.url))
    const get = (): ReturnType<typeof askConsul> => askConsul(proxy.url, 'GET', '/v1/agent/self')
    let release: (() => void) | undefined
    const until = new Promise<void>((resolve) => (release = resolve))
    proxy.inject('self', { kind: 'hold', until }, 1)
    const held = get()
    await waitUntil('it is held', () => proxy.inFlight.now === 1)
    expect((await get()).status).toBe(200)
    release?.()
    expect((await held).status).toBe(200)
    await proxy.refuse()
    await expect(get()).rejects.toThrow('ECONNREFUSED')
    await proxy.accept()
    expect((await get()).status).toBe(200)
  })
})
