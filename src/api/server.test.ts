import { chmod, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { changeEntry, MemoryDaemon } from '../../test/support/memory-daemon.ts'
import type { ListenAddress } from './listen.ts'
import { serveApi, type ServedApi } from './server.ts'

const token = 'a-token-of-good-length'
const anyPort: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }

let folder: string
let daemon: MemoryDaemon
const releases: (() => unknown)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-api-'))
  daemon = new MemoryDaemon()
})
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release()
  await rm(folder, { recursive: true })
})

async function serve(
  listen: readonly ListenAddress[],
  options: { token?: string; keepAliveMs?: number; mostConnections?: number } = {},
): Promise<ServedApi> {
  const api = await serveApi({
    control: daemon,
    version: '0.1.0',
    listen,
    adminHosts: [],
    token: undefined,
    onDefect: (error) => {
      throw error
    },
    ...options,
  })
  releases.push(() => api.close())
  return api
}

function portOf(api: ServedApi, index = 0): number {
  const address = api.addresses[index]
  if (address?.kind !== 'tcp') throw new Error('not a tcp address')
  return address.port
}

function open(options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ agent: false, ...options }, resolve)
      .on('error', reject)
      .end()
  })
}

async function ask(options: RequestOptions): Promise<{ status: number | undefined; body: string }> {
  const response = await open(options)
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode, body }
}

const patient = { interval: 2, timeout: 25_000 }

describe('on a tcp address', () => {
  it('answers under its own address with the port it got, and refuses foreign names', async () => {
    const port = portOf(await serve([anyPort]))
    const at = { host: '127.0.0.1', port, path: '/api/status' }
    expect((await ask(at)).status).toBe(200)
    expect((await ask({ ...at, headers: { host: `localhost:${port}` } })).status).toBe(200)
    expect((await ask({ ...at, headers: { host: `evil.example:${port}` } })).status).toBe(403)
    const origin = `http://evil.example:${port}`
    expect((await ask({ ...at, headers: { origin } })).status).toBe(403)
    // The name in an absolute URL is not what a browser's rebinding attack could set.
    const absolute = `http://127.0.0.1:${port}/api/status`
    const headers = { host: 'evil.example' }
    expect((await ask({ ...at, path: absolute, headers })).status).toBe(403)
  })

  it.each(['/v1/kv/a/../b', '/v1/kv/a/%2E%2e/b', '/v1/kv/.', '/v1/kv/..?raw', '/../healthz'])(
    'refuses %s, which would be resolved to another path',
    async (path) => {
      const port = portOf(await serve([anyPort]))
      expect(await ask({ port, path, method: 'PUT' })).toMatchObject({ status: 400 })
    },
  )

  it.each(['/healthz?a=/../b', '/healthz?..'])('takes %s as it is', async (path) => {
    const port = portOf(await serve([anyPort]))
    expect(await ask({ port, path })).toMatchObject({ status: 200 })
  })

  it('wants the token beyond loopback, for every connection to that listener', async () => {
    const wildcard: ListenAddress = { kind: 'tcp', host: '*', port: 0 }
    const api = await serve([wildcard, anyPort], { token })
    const at = { host: '127.0.0.1', port: portOf(api), path: '/api/status' }
    expect((await ask(at)).status).toBe(401)
    expect((await ask({ ...at, path: '/healthz' })).status).toBe(200)
    expect((await ask({ ...at, headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
    expect((await ask({ ...at, port: portOf(api, 1) })).status).toBe(200)
  })

  it('does not start beyond loopback without a token', async () => {
    for (const host of ['*', '0.0.0.0', '::', 'localhost']) {
      const starting = serve([{ kind: 'tcp', host, port: 0 }])
      await expect(starting).rejects.toMatchObject({ code: 'setting_invalid' })
    }
  })

  it('closes what is too much on one listener, and answers on the others', async () => {
    const path = join(folder, 'admin.sock')
    const mostConnections = 64
    const api = await serve([{ kind: 'unix', path }, anyPort], { mostConnections })
    const port = portOf(api, 1)
    const sockets: Socket[] = []
    releases.push(() => {
      for (const socket of sockets) socket.destroy()
    })
    const opened = (): Promise<Socket> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket)).once('error', reject)
        sockets.push(socket)
      })
    for (let count = 0; count < mostConnections; count++) await opened()
    const surplus = await opened()
    await new Promise((resolve) => surplus.once('close', resolve).resume())
    expect((await ask({ socketPath: path, path: '/healthz' })).status).toBe(200)
    for (const socket of sockets.splice(0)) socket.destroy()
    await vi.waitFor(async () => {
      expect((await ask({ host: '127.0.0.1', port, path: '/healthz' })).status).toBe(200)
    }, patient)
  })

  it('says that the port is busy, and leaves nothing of the other addresses', async () => {
    const busy = await occupy({ host: '127.0.0.1', port: 0 })
    const { port } = busy.address() as AddressInfo
    const path = join(folder, 'admin.sock')
    const starting = serve([
      { kind: 'unix', path },
      { kind: 'tcp', host: '127.0.0.1', port },
    ])
    await expect(starting).rejects.toMatchObject({
      code: 'address_in_use',
      message: `another program listens on 127.0.0.1:${port}`,
      hint: expect.stringContaining('--admin'),
    })
    expect(await readdir(folder)).toEqual([])
  })

  it("says that an address is not this machine's", async () => {
    const starting = serve([{ kind: 'tcp', host: '192.0.2.1', port: 0 }], { token })
    await expect(starting).rejects.toMatchObject({ code: 'address_unavailable' })
  })
})

describe('on a unix socket', () => {
  it('is for this user only, answers any Host and no Origin, and is gone after close', async () => {
    const socketPath = join(folder, 'admin.sock')
    const api = await serve([{ kind: 'unix', path: socketPath }])
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['admin.sock'])
    expect((await ask({ socketPath, path: '/api/status' })).status).toBe(200)
    const headers = { origin: 'http://localhost' }
    expect((await ask({ socketPath, path: '/api/status', headers })).status).toBe(403)
    await api.close()
    expect(await readdir(folder)).toEqual([])
  })

  it('replaces a stale socket file', async () => {
    const path = join(folder, 'admin.sock')
    await leaveStaleSocket(path)
    await serve([{ kind: 'unix', path }])
    expect((await ask({ socketPath: path, path: '/healthz' })).status).toBe(200)
  })

  it('leaves alone a socket that somebody answers on, and what is no socket', async () => {
    const path = join(folder, 'admin.sock')
    await occupy({ path })
    await expect(serve([{ kind: 'unix', path }])).rejects.toMatchObject({ code: 'address_in_use' })
    const file = join(folder, 'file')
    await writeFile(file, 'precious')
    await symlink(path, join(folder, 'link'))
    for (const other of [file, join(folder, 'link')]) {
      const starting = serve([{ kind: 'unix', path: other }])
      await expect(starting).rejects.toMatchObject({ code: 'address_unavailable' })
    }
    expect((await readdir(folder)).toSorted()).toEqual(['admin.sock', 'file', 'link'])
  })

  it('does not take away the socket of a successor when it closes', async () => {
    const path = join(folder, 'admin.sock')
    const first = await serve([{ kind: 'unix', path }])
    await rm(path)
    await serve([{ kind: 'unix', path }])
    await first.close()
    expect((await ask({ socketPath: path, path: '/healthz' })).status).toBe(200)
  })

  it('names a path that is too long or has no folder', async () => {
    for (const path of [join(folder, 'x'.repeat(100)), join(folder, 'no', 'admin.sock')]) {
      const starting = serve([{ kind: 'unix', path }])
      await expect(starting).rejects.toMatchObject({ code: 'address_unavailable' })
    }
    expect(await readdir(folder)).toEqual([])
  })
})

describe('the event stream', () => {
  it('gives recent changes, then new ones, and is forgotten when the client leaves', async () => {
    const port = portOf(await serve([anyPort]))
    const others = daemon.ledger.subscriberCount
    for (let index = 0; index < 3; index++) daemon.ledger.record(changeEntry())
    const stream = await openEvents(port, '?recent=2')
    await stream.until('id: 3\n')
    expect(stream.text()).not.toContain('id: 1\n')
    const change = daemon.ledger.record(changeEntry({ causes: ['die web-1\nline two'] }))
    await stream.until(`id: 4\nevent: change\ndata: ${JSON.stringify(change)}\n\n`)
    expect(daemon.ledger.subscriberCount).toBe(others + 1)
    stream.response.destroy()
    await vi.waitFor(() => expect(daemon.ledger.subscriberCount).toBe(others), patient)
  })

  it('goes on after the last event that the client has, and tells what was lost', async () => {
    const port = portOf(await serve([anyPort]))
    for (let index = 0; index < 300; index++) daemon.ledger.record(changeEntry())
    const near = await openEvents(port, '', { 'last-event-id': '298' })
    await near.until('id: 300\n')
    expect(near.ids()).toEqual([299, 300])
    const far = await openEvents(port, '', { 'last-event-id': '10' })
    await far.until('id: 300\n')
    expect(far.text()).toContain('event: lagged\ndata: {"missed":34}\n\n')
    expect(far.ids()).toHaveLength(256)
    const earlierRun = await openEvents(port, '', { 'last-event-id': '5000' })
    await earlierRun.until('id: 300\n')
    expect(earlierRun.ids()).toHaveLength(256)
    expect(earlierRun.text()).not.toContain('lagged')
  })

  it('is kept alive by comments', async () => {
    const port = portOf(await serve([anyPort], { keepAliveMs: 5 }))
    const stream = await openEvents(port)
    await stream.until(': keep-alive\n\n: keep-alive\n\n')
    expect(stream.response.headers['content-type']).toContain('text/event-stream')
  })

  it('holds no more than the ledger does for a client that does not read, which then learns of it', async () => {
    const port = portOf(await serve([anyPort]))
    const others = daemon.ledger.subscriberCount
    const stream = await openEvents(port)
    await stream.until('retry')
    stream.response.pause()
    const large = changeEntry({ reasons: ['x'.repeat(100_000)] })
    // Each one is given the chance to be sent; the client drops out when its queue is full.
    await vi.waitFor(
      () => {
        for (let index = 0; index < 64; index++) daemon.ledger.record(large)
        expect(daemon.ledger.subscriberCount).toBe(others)
      },
      { interval: 1, timeout: 25_000 },
    )
    stream.response.resume()
    await stream.until('event: lagged')
  })

  it('ends cleanly when the API closes, which may be done twice', async () => {
    const api = await serve([anyPort])
    const stream = await openEvents(portOf(api))
    await stream.until('retry')
    const ended = new Promise((resolve) => stream.response.once('end', resolve))
    // A stream that is cut off has no end.
    await Promise.all([api.close(), api.close(), ended])
    expect(daemon.ledger.subscriberCount).toBe(0)
  })

  it('does not hold on to a HEAD request, and refuses a wrong count', async () => {
    const port = portOf(await serve([anyPort]))
    const others = daemon.ledger.subscriberCount
    const at = { host: '127.0.0.1', port, path: '/api/events' }
    expect(await ask({ ...at, method: 'HEAD' })).toEqual({ status: 200, body: '' })
    expect((await ask({ ...at, path: '/api/events?recent=-1' })).status).toBe(400)
    expect(daemon.ledger.subscriberCount).toBe(others)
  })
})

it('finishes the answer to the request that ends it', async () => {
  const api = await serve([anyPort])
  let closing: Promise<void> | undefined
  daemon.down = async () => {
    closing = api.close()
  }
  const headers = { 'content-type': 'application/json' }
  const at = { host: '127.0.0.1', port: portOf(api), path: '/api/down', headers }
  expect((await ask({ ...at, method: 'POST' })).status).toBe(202)
  await closing
})

async function openEvents(
  port: number,
  query = '',
  headers: Record<string, string> = {},
): Promise<{
  response: IncomingMessage
  text(): string
  ids(): number[]
  until(part: string): Promise<void>
}> {
  const response = await open({ host: '127.0.0.1', port, path: `/api/events${query}`, headers })
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  // A client that leaves on purpose sees its own abort as an error.
  response.on('error', () => undefined)
  releases.push(() => response.destroy())
  return {
    response,
    text: () => text,
    ids: () => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])),
    until: (part) => vi.waitFor(() => expect(text).toContain(part), patient),
  }
}

async function occupy(address: { host: string; port: number } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => server.listen(address, resolve))
  releases.push(() => new Promise((resolve) => server.close(resolve)))
  return server
}

/** A socket file whose server has gone without removing it: bound elsewhere and moved. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.first`, resolve))
  await rename(`${path}.first`, path)
  await new Promise((resolve) => server.close(resolve))
  await chmod(path, 0o777)
  const refused = new Promise((resolve) => connect(path).once('error', resolve))
  expect(await refused).toMatchObject({ code: 'ECONNREFUSED' })
}
