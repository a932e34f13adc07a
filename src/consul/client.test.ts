import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../test/support/ports.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { consulOptions } from './address.ts'
import { ConsulClient, type ClientLimits } from './client.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0).toReversed()) close()
})

/** A server on loopback, and what it was asked. */
class ScriptedAgent {
  readonly asked: string[] = []
  /** `127.0.0.1:PORT`, also after its end. */
  readonly address: string
  readonly #server: Server
  #connections = 0
  #mostConnections = 0
  #open = 0
  handle: Handler = (_, response) => response.end('true')

  private constructor(server: Server) {
    this.#server = server
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.asked.push(`${request.method} ${request.url}`)
      this.handle(request, response)
    })
    server.on('connection', (socket) => {
      this.#connections++
      this.#mostConnections = Math.max(this.#mostConnections, ++this.#open)
      socket.once('close', () => this.#open--)
    })
  }

  static async start(): Promise<ScriptedAgent> {
    const server = createServer({ keepAliveTimeout: 0 })
    // Nobody else gets the port after its end.
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const agent = new ScriptedAgent(server)
    closers.push(() => agent.stop())
    return agent
  }

  get connections(): { readonly made: number; readonly most: number; readonly open: number } {
    return { made: this.#connections, most: this.#mostConnections, open: this.#open }
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function clientOf(addresses: string, limits: ClientLimits = {}): ConsulClient {
  const client = new ConsulClient(consulOptions(`consul://${addresses}`, {}), limits)
  closers.push(() => client.close())
  return client
}

const status =
  (code: number, text = ''): Handler =>
  (_, response) =>
    response.writeHead(code).end(text)

describe('a client of Consul', () => {
  let agent: ScriptedAgent
  let other: ScriptedAgent

  beforeEach(async () => {
    agent = await ScriptedAgent.start()
    other = await ScriptedAgent.start()
  })

  it('sends token, user, datacenter and query, and the body with its length', async () => {
    let headers: IncomingMessage['headers'] = {}
    let body = ''
    agent.handle = (request, response) => {
      headers = request.headers
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => response.end())
    }
    const options = consulOptions(`consul://${agent.address}?dc=ea%20st`, {
      CONSUL_HTTP_TOKEN: 't0ken',
      CONSUL_HTTP_AUTH: 'u:p',
    })
    const client = new ConsulClient(options)
    closers.push(() => client.close())
    const query = { stale: true, near: 'a&b', gone: undefined } as const
    expect(await client.put('/v1/x', { Name: 'ü' }, { query })).toBeUndefined()
    expect(agent.asked).toEqual(['PUT /v1/x?dc=ea%20st&stale&near=a%26b'])
    expect(headers).toMatchObject({
      'x-consul-token': 't0ken',
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      'content-length': '13',
    })
    expect(body).toBe('{"Name":"ü"}')
    await client.put('/v1/kv/x', '1.2.3.4:80')
    expect(body.slice(13 - 1)).toBe('1.2.3.4:80')
  })

  it('asks the next address when one is not there, and stays with it', async () => {
    const client = clientOf(`${agent.address},${other.address}`)
    agent.stop()
    expect((await client.get('/a')).value).toBe(true)
    expect(await client.put('/b')).toBe(true)
    expect(client.address).toBe(other.address)
    expect(client.counts).toEqual({ requests: 3, retries: 1 })
  })

  it('asks a read again at the next address within the call, a write never', async () => {
    agent.handle = status(500, 'No cluster leader')
    const client = clientOf(`${agent.address},${other.address}`)
    await expect(client.put('/w')).rejects.toThrow('No cluster leader')
    expect(other.asked).toEqual([])
    // The failed write has moved the client on.
    expect((await client.get('/r')).value).toBe(true)
    other.handle = status(503)
    agent.handle = (_, response) => response.end('[1]')
    expect((await client.get('/r2')).value).toEqual([1])
    expect(client.address).toBe(agent.address)
  })

  it('does not ask for what Consul would take for another path', async () => {
    const client = clientOf(agent.address)
    const asking = client.get('/v1/health/service/..')
    await expect(asking).rejects.toMatchObject({ code: 'consul_refused' })
    expect(agent.asked).toEqual([])
  })

  it('neither retries nor leaves an address for a refusal', async () => {
    agent.handle = status(403, 'Permission denied')
    const client = clientOf(`${agent.address},${other.address}`)
    await expect(client.get('/r')).rejects.toMatchObject({ code: 'consul_refused', status: 403 })
    expect(other.asked).toEqual([])
    expect(client.address).toBe(agent.address)
  })

  it('tries every address once, and tells what one of them said', async () => {
    agent.handle = status(500, 'No cluster leader')
    other.stop()
    const client = clientOf(`${other.address},${agent.address}`)
    await expect(client.get('/r')).rejects.toThrow('No cluster leader')
    expect(agent.asked).toHaveLength(1)
  })

  it('asks once more when a kept connection turns out to be closed', async () => {
    const client = clientOf(agent.address)
    await client.get('/a')
    // Reset at the moment of the request: what a restarted agent does to a connection kept so far.
    let isFirst = true
    agent.handle = (request, response) => {
      if (isFirst) request.socket.resetAndDestroy()
      else response.end('true')
      isFirst = false
    }
    expect(await client.put('/b')).toBe(true)
    expect(agent.asked).toEqual(['GET /a', 'PUT /b', 'PUT /b'])
  })

  it('asks once more on a new connection, not on another one kept as long', async () => {
    const client = clientOf(agent.address)
    const old = new Set<unknown>()
    agent.handle = (request, response) => {
      old.add(request.socket)
      setImmediate(() => response.end('1'))
    }
    await Promise.all([client.get('/a'), client.get('/a'), client.get('/a')])
    agent.handle = (request, response) => {
      if (old.has(request.socket)) request.socket.resetAndDestroy()
      else response.end('2')
    }
    expect(old.size).toBe(3)
    expect((await client.get('/b')).value).toBe(2)
    expect(agent.asked.filter((asked) => asked === 'GET /b')).toHaveLength(2)
  })

  it('sends a write to the next address when nobody listens at the first', async () => {
    agent.stop()
    const client = clientOf(`${agent.address},${other.address}`)
    expect(await client.put('/w', { a: 1 })).toBe(true)
    expect(other.asked).toEqual(['PUT /w'])
  })

  it('does not ask again when a new connection is reset', async () => {
    agent.handle = (request) => void request.socket.resetAndDestroy()
    const client = clientOf(agent.address)
    await expect(client.put('/b')).rejects.toMatchObject({ code: 'consul_unreachable' })
    expect(agent.asked).toHaveLength(1)
  })

  it.each<[string, Handler]>([
    [
      'is cut off',
      (_, response) =>
        response.writeHead(200, { 'Content-Length': 10 }).write('[1', () => response.destroy()),
    ],
    ['is no JSON', (_, response) => response.end('<html>')],
    ['is half of its JSON', (_, response) => response.end('{"a":')],
    ['is empty', (_, response) => response.end()],
  ])('fails for a read whose answer %s', async (_, handle) => {
    agent.handle = handle
    const reading = clientOf(agent.address).get('/r')
    await expect(reading).rejects.toMatchObject({ code: 'consul_unreachable' })
  })

  it('has undefined for a 404 with an index, and refuses one without', async () => {
    const client = clientOf(agent.address)
    agent.handle = (_, response) => response.writeHead(404, { 'X-Consul-Index': 7 }).end()
    expect(await client.get('/v1/kv/x')).toMatchObject({ value: undefined, index: 7 })
    agent.handle = status(404)
    await expect(client.get('/v1/nope')).rejects.toMatchObject({
      code: 'consul_refused',
      status: 404,
    })
  })

  it('reads what the headers say of index and leader', async () => {
    const client = clientOf(agent.address)
    agent.handle = (_, response) => {
      response.setHeader('X-Consul-Index', '12').setHeader('X-Consul-LastContact', '340')
      response.setHeader('X-Consul-KnownLeader', 'false').end('{}')
    }
    expect(await client.get('/r')).toEqual({
      value: {},
      index: 12,
      lastContactMs: 340,
      isLeaderKnown: false,
    })
    agent.handle = (_, response) => void response.setHeader('X-Consul-Index', '-3').end('{}')
    expect(await client.get('/r')).toMatchObject({ index: 0, isLeaderKnown: true })
  })

  it('ends a request at once when its signal aborts, and tries no other address', async () => {
    const client = clientOf(`${agent.address},${other.address}`)
    const stop = new AbortController()
    const gone = new Promise<void>((resolve) => {
      agent.handle = (_, response) => {
        response.once('close', resolve)
        stop.abort()
      }
    })
    await expect(client.get('/r', { signal: stop.signal })).rejects.toThrow('given up')
    await gone
    await expect(client.get('/r', { signal: stop.signal })).rejects.toThrow('given up')
    expect([agent.asked.length, other.asked.length]).toEqual([1, 0])
    expect(client.address).toBe(agent.address)
  })

  it('limits the time of the whole answer, not only of its beginning', async () => {
    agent.handle = (_, response) => void response.writeHead(200).write('[1,')
    const reading = clientOf(agent.address).get('/r', { timeoutMs: 50 })
    await expect(reading).rejects.toThrow('no answer within 50 ms (GET /r)')
  })

  it('ends everything when it is closed, and sends nothing afterwards', async () => {
    const client = clientOf(agent.address)
    await client.get('/a')
    agent.handle = () => undefined
    const blocked = expect(client.get('/block')).rejects.toThrow('closed')
    await waitUntil('the request', () => agent.asked.length === 2)
    client.close()
    await blocked
    await expect(client.get('/late')).rejects.toThrow('closed')
    expect(agent.asked).toHaveLength(2)
    expect(client.connections.open).toBe(0)
  })

  it('ends what blocks at an agent that gives another request no answer, unless that was in a hurry', async () => {
    const client = clientOf(agent.address, { answerTimeoutMs: 1500 })
    agent.handle = () => undefined
    const blocked = client.get('/block', { timeoutMs: 300_000 })
    let isBlocked = true
    const ended = expect(blocked.finally(() => (isBlocked = false))).rejects
    const failed = ended.toThrow('no answer to another request, so this one was given up')
    await waitUntil('the request', () => agent.asked.length === 1)
    await expect(client.put('/a', 1, { timeoutMs: 500 })).rejects.toThrow('within 500 ms')
    expect(isBlocked).toBe(true)
    await expect(client.put('/b')).rejects.toThrow('no answer within 1500 ms')
    await failed
    expect(agent.asked).toEqual(['GET /block', 'PUT /a', 'PUT /b'])
    await waitUntil('no connection', () => client.connections.open === 0)
  })

  it('asks what blocks at an agent that gives no answer at the next one', async () => {
    const client = clientOf(`${agent.address},${other.address}`)
    agent.handle = () => undefined
    other.handle = (_, response) => response.end('"other"')
    const blocked = client.get('/block', { timeoutMs: 300_000 })
    await waitUntil('the request', () => agent.asked.length === 1)
    await expect(client.put('/a', 1, { timeoutMs: 500 })).rejects.toThrow('within 500 ms')
    expect((await blocked).value).toBe('other')
    expect([agent.asked, other.asked]).toEqual([['GET /block', 'PUT /a'], ['GET /block']])
  })

  it('never has more connections than it may, and answers everything', async () => {
    const client = clientOf(agent.address, { mostConnections: 4 })
    agent.handle = (_, response) => void setImmediate(() => response.end('1'))
    const answers = await Promise.all(Array.from({ length: 60 }, () => client.get('/r')))
    expect(answers).toHaveLength(60)
    expect(agent.connections).toMatchObject({ made: 4, most: 4 })
    expect(client.connections).toEqual({ open: 4, most: 4 })
  })

  it('has no more connections than it may also while it goes from one address to the other', async () => {
    const client = clientOf(`${agent.address},${other.address}`, { mostConnections: 6 })
    let count = 0
    const moody: Handler = (_, response) =>
      void setImmediate(() => response.writeHead(++count % 3 === 0 ? 503 : 200).end('1'))
    agent.handle = moody
    other.handle = moody
    const all = await Promise.allSettled(Array.from({ length: 200 }, () => client.get('/r')))
    expect(all.filter((each) => each.status === 'fulfilled').length).toBeGreaterThan(100)
    expect(agent.asked.length).toBeGreaterThan(50)
    expect(other.asked.length).toBeGreaterThan(50)
    expect(client.connections.most).toBeLessThanOrEqual(6)
  })

  it('says so when all connections are in use, and lets the next go first come, first served', async () => {
    const client = clientOf(agent.address, { mostConnections: 1 })
    let finish = (): void => undefined
    const arrived = new Promise<void>((resolve) => {
      agent.handle = (_, response) => {
        finish = () => void response.end('1')
        agent.handle = (__, next) => next.end('2')
        resolve()
      }
    })
    const first = client.get('/first')
    await arrived
    await expect(client.get('/late', { timeoutMs: 20 })).rejects.toThrow('all 1 are in use')
    const waiting = ['/a', '/b', '/c'].map((path) => client.get(path))
    finish()
    await Promise.all([first, ...waiting])
    expect(agent.asked).toEqual(['GET /first', 'GET /a', 'GET /b', 'GET /c'])
  })

  it('lets go of a connection whose request is refused before it was sent whole', async () => {
    agent.handle = status(413, 'Request body too large')
    const client = clientOf(agent.address, { mostConnections: 1 })
    const large = 'x'.repeat(20_000_000)
    await expect(client.put('/v1/kv/x', large)).rejects.toThrow(/too large|ECONNRESET|EPIPE/)
    agent.handle = status(200, '1')
    expect((await client.get('/r')).value).toBe(1)
  })
})
