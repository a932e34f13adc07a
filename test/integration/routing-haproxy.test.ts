import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectionNameOf } from '../../src/daemon-settings.ts'
import { emptyMemory, type RoutingInput, type RoutingSettings } from '../../src/routing/contract.ts'
import { route } from '../../src/routing/route.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { runRouted, until } from '../support/haproxy-run.ts'
import { ask, listen, serve } from '../support/plain-servers.ts'
import { container, endpoint, routingInput, routingSettings } from '../support/routing.ts'

type Releasable = { close(): Promise<void> }
const open: Releasable[] = []
const kept = <T extends Releasable>(thing: T): T => {
  open.unshift(thing)
  return thing
}

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

/** A service with one web server that says its name. */
async function named(name: string, labels: Record<string, string> = {}, startedAtMs = 1) {
  const server = kept(await serve((_request, response) => response.end(name)))
  const address = { address: '127.0.0.1', port: server.port, service: name, startedAtMs }
  const candidate = container(
    name,
    endpoint(name, { ...address, labels: { ...labels, enable: 'true' } }),
  )
  return { server, candidate }
}

const programs = haproxyPrograms()
let program = programs[0]

async function start(input: RoutingInput, settings: Partial<RoutingSettings> = {}) {
  return kept(await runRouted(input, settings, program))
}

/** A TCP server: what it does with each connection is the test's affair. */
async function tcp(
  onData: (count: number, reply: (text: string) => void, end: () => void) => void,
) {
  const counts: number[] = []
  const server = createServer((socket) => {
    const index = counts.push(0) - 1
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {
      counts[index] = (counts[index] ?? 0) + 1
      onData(
        counts[index],
        (text) => socket.write(text),
        () => socket.end(),
      )
    })
  })
  const port = await listen(server)
  kept({ close: () => new Promise((resolve) => server.close(() => resolve())) })
  return { port, counts }
}

const okReply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const at = (port: number) => ({ address: '127.0.0.1', port, labels: { enable: 'true' } })

describe.each(programs)('on HAProxy $line', (each) => {
  beforeAll(() => {
    program = each
  })

  describe('the host of a request', () => {
    it.each([
      ['shop.localhost', 'shop'],
      ['SHOP.LocalHost', 'shop'],
      ['shop.localhost.', 'shop'],
      ['shop.localhost:8080', 'shop'],
      ['Shop.Example.Org.:80', 'shop'],
      ['a.wild.org', 'shop'],
      ['wild.org', 'home'],
      ['a.b.wild.org', 'home'],
      ['unknown.test', 'home'],
      ['[::1]:80', 'home'],
      ['127.0.0.1', 'home'],
      ['*', 'home'],
      ['default', 'home'],
    ])('%s leads to %s', async (host, service) => {
      const home = await named('home')
      const shop = await named('shop', { host: 'shop.example.org, *.wild.org' }, 2)
      const haproxy = await start(routingInput([home.candidate, shop.candidate]))
      expect((await ask(haproxy.port, { headers: { host } })).body).toBe(service)
    })
  })

  describe('without an endpoint', () => {
    it('a service answers 503 with its name and when to come again, under its own host only', async () => {
      const home = await named('home')
      const gone = { labels: {}, emptySinceMs: 9_999, firstRoutedMs: 5_000 }
      const memory = { ...emptyMemory, defaultService: 'home', services: { gone } }
      const haproxy = await start(routingInput([home.candidate], { memory }))
      const answer = await ask(haproxy.port, { headers: { host: 'gone.localhost' } })
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe('5')
      expect(answer.body).toBe('No endpoint of service gone is available.\n')
      expect((await ask(haproxy.port, { headers: { host: 'x.test' } })).body).toBe('home')
    })

    it('a service whose servers are all in maintenance answers the same', async () => {
      const home = await named('home')
      const haproxy = await start(routingInput([home.candidate], { hasAccepted: () => false }))
      const answer = await ask(haproxy.port)
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    })

    it('and without any service a page says so', async () => {
      const haproxy = await start(routingInput([]))
      const answer = await ask(haproxy.port)
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe('5')
      expect(answer.body).toContain('No service answers here')
    })
  })

  describe('forwarded headers', () => {
    const lies = {
      host: 'shop.test',
      'x-forwarded-for': ['6.6.6.6', '7.7.7.7'],
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-port': '443',
      'x-forwarded-user': 'root',
      forwarded: 'for=6.6.6.6',
    }

    it('of a client are taken away and replaced', async () => {
      const home = await named('home')
      const haproxy = await start(routingInput([home.candidate]))
      await ask(haproxy.port, { headers: lies })
      const headers = home.server.requests[0]?.headers ?? {}
      const got = Object.entries(headers).filter(([name]) => name.includes('forwarded'))
      expect(Object.fromEntries(got)).toEqual({
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'shop.test',
      })
    })

    it('of a trusted proxy are kept, and its own address is added', async () => {
      const home = await named('home')
      const trusting = { trustedProxies: ['10.0.0.0/8', '127.0.0.1'] }
      const haproxy = await start(routingInput([home.candidate]), trusting)
      await ask(haproxy.port, { headers: lies })
      await ask(haproxy.port, { headers: { host: 'shop.test' } })
      const [first, second] = home.server.requests.map((each) => each.headers)
      expect(first).toMatchObject({
        'x-forwarded-for': '6.6.6.6, 7.7.7.7, 127.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-port': '443',
        'x-forwarded-user': 'root',
        forwarded: 'for=6.6.6.6',
      })
      expect(second).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
    })
  })

  describe('a server that closes without an answer', () => {
    it('gets a POST once, and the POST is repeated nowhere', async () => {
      const bad = await tcp((_count, _reply, end) => end())
      const haproxy = await start(
        routingInput([
          container('a', endpoint('a', at(bad.port))),
          container('b', endpoint('b', at(bad.port))),
        ]),
      )
      const { status } = await ask(haproxy.port, { method: 'POST', body: 'x' })
      expect(status).toBe(502)
      expect(bad.counts.filter((count) => count > 0)).toEqual([1])
    })

    it('is left by a GET, which another server answers', async () => {
      const bad = await tcp((_count, _reply, end) => end())
      const good = kept(await serve((_request, response) => response.end('good')))
      const haproxy = await start(
        routingInput([
          container('a', endpoint('a', at(bad.port))),
          container('b', endpoint('b', at(good.port))),
        ]),
      )
      for (let count = 0; count < 6; count++) expect((await ask(haproxy.port)).body).toBe('good')
      expect(bad.counts.some((count) => count > 0)).toBe(true)
    })

    it('on a connection used before is not noticed by the client of a GET that is kept alive', async () => {
      const fickle = await tcp((count, reply, end) => (count === 1 ? reply(okReply) : end()))
      const haproxy = await start(routingInput([container('a', endpoint('a', at(fickle.port)))]))
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      kept({ close: async () => agent.destroy() })
      for (let count = 0; count < 6; count++) {
        expect((await ask(haproxy.port, { agent })).status).toBe(200)
      }
      expect(fickle.counts).toContain(2)
    })

    it('on a connection used before never gets a POST, kept-alive client or not', async () => {
      const fickle = await tcp((count, reply, end) => (count === 1 ? reply(okReply) : end()))
      const haproxy = await start(routingInput([container('a', endpoint('a', at(fickle.port)))]))
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      kept({ close: async () => agent.destroy() })
      for (const each of [{}, { agent }, { agent }, {}, { agent }]) {
        await ask(haproxy.port, each)
        const post = await ask(haproxy.port, { ...each, method: 'POST', body: 'x' })
        expect(post.status).toBe(200)
      }
    })
  })

  describe('connections', () => {
    it('to servers are shared by the requests of many clients', async () => {
      const home = await named('home')
      const haproxy = await start(routingInput([home.candidate]))
      const before = home.server.connections()
      for (let count = 0; count < 30; count++) await ask(haproxy.port)
      expect(home.server.connections() - before).toBeLessThan(6)
    })

    it('to a server added at runtime, with the parameters of its line, are shared as well', async () => {
      const home = await named('home')
      const haproxy = await start(routingInput([home.candidate]))
      const added = kept(await serve((_request, response) => response.end('added')))
      const line = await serverParameters((words) => haproxy.command(words), added.port)
      expect(line).toContain('New server registered')
      await haproxy.command('enable server svc_home/added; enable health svc_home/added')
      const bodies = new Set<string>()
      for (let count = 0; count < 30; count++) {
        bodies.add((await ask(haproxy.port)).body)
        bodies.add((await ask(haproxy.port)).body)
        await ask(haproxy.port, { method: 'POST', body: 'x' })
      }
      expect([...bodies].sort()).toEqual(['added', 'home'])
      const gets = added.requests.filter((each) => each.method === 'GET')
      const posts = added.requests.filter((each) => each.method === 'POST')
      expect(new Set(posts.map((each) => each.socket)).size).toBe(posts.length)
      expect(new Set(gets.map((each) => each.socket)).size).toBeLessThan(5)
    })
  })

  async function serverParameters(command: (line: string) => Promise<string>, port: number) {
    const at = { service: 'home', port, labels: { enable: 'true' } }
    const connectionName = connectionNameOf(program?.version ?? '')
    const settings = { ...routingSettings, connectionName }
    const { desired } = route(routingInput([container('x', endpoint('x', at))], { settings }))
    const words = /server node:x:\S+ (.*)/.exec(desired.config)?.[1] ?? ''
    return command(`add server svc_home/added ${words.replace('10.0.0.1', '127.0.0.1')}`)
  }

  describe('long connections', () => {
    const short = {
      timeouts: { ...routingSettings.timeouts, serverMs: 1000, clientMs: 1000, keepAliveMs: 1000 },
    }

    it('a WebSocket upgrade passes, and stays open beyond the timeouts of requests', async () => {
      const server = kept(
        await serve(
          (_request, response) => response.end(),
          (handshake, socket) => {
            socket.on('error', () => socket.destroy())
            socket.write(switching(handshake.headers['sec-websocket-key'] ?? ''))
            socket.on('data', (chunk) => setTimeout(() => socket.write(chunk), 1800))
          },
        ),
      )
      const haproxy = await start(
        routingInput([container('a', endpoint('a', at(server.port)))]),
        short,
      )
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16, 7).toString('base64'),
      }
      const sent = request({ host: '127.0.0.1', port: haproxy.port, headers, agent: false })
      const echoed = await new Promise<string>((resolve, reject) => {
        sent.on('error', reject)
        sent.on('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)))
        sent.on('upgrade', (_response, socket) => {
          socket.on('error', reject)
          socket.on('data', (chunk: Buffer) => {
            resolve(chunk.toString())
            socket.destroy()
          })
          socket.write('hello')
        })
        sent.end()
      })
      expect(echoed).toBe('hello')
    })

    it('server-sent events arrive as they are sent, also after a silence', async () => {
      const server = kept(
        await serve((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('data: 1\n\n')
          setTimeout(() => response.end('data: 2\n\n'), 1800)
        }),
      )
      const haproxy = await start(
        routingInput([container('a', endpoint('a', at(server.port)))]),
        short,
      )
      const answer = await ask(haproxy.port, { headers: { accept: 'text/event-stream' } })
      expect(answer.body).toBe('data: 1\n\ndata: 2\n\n')
    })
  })

  /** The answer that opens a WebSocket (RFC 6455 §4.2.2). */
  function switching(key: string): string {
    const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    const accept = createHash('sha1').update(`${key}${magic}`).digest('base64')
    return [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      '\r\n',
    ].join('\r\n')
  }

  describe('the access log', () => {
    it('names service, server, status, host and request, and cannot be forged', async () => {
      const home = await named('home')
      const haproxy = await start(routingInput([home.candidate]))
      await ask(haproxy.port, { path: '/a?b="c"', headers: { host: 'Home.localhost' } })
      const line = () =>
        haproxy
          .output()
          .split('\n')
          .find((each) => each.includes('/a?b='))
      await until(() => line() !== undefined)
      expect(line()).toMatch(
        /^\S+ 127\.0\.0\.1:\d+ svc_home node:home:\d+ 200 \d+ (\d+\/){4}\d+ ---- 0 "Home\.localhost" "GET \/a\?b=#22c#22 HTTP\/1\.1"$/,
      )
    })
  })
})
