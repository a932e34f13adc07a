import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:http2'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DockerClient } from '../../src/discovery/docker/client.ts'
import { allowedRequests, entryOf } from '../../src/discovery/docker/allowed-requests.ts'
import type { Occasion } from '../../src/discovery/docker/allowed-requests.ts'
import { FakeDocker } from '../support/fake-docker.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { hostileRequests } from '../support/hostile-requests.ts'
import { RequestRecorder } from '../support/request-recorder.ts'
import { exchange, SocketFilter } from '../support/socket-filter.ts'
import type { FilterOptions } from '../support/socket-filter.ts'
import { waitUntil } from '../support/wait-until.ts'

const samples = allowedRequests.map(({ method, path, when }) => ({
  method,
  when,
  path: path.replace('{id}', 'web_1.a-b').replace('{image}', 'a.b:5000/c/d-e:1.2@sha256:0f'),
}))

/** What targets are put together from. */
const pieces =
  '/ .. . %2f %2e ? /v1.41 /info /containers /json /x /create /networks /connect /events // ; http://docker /tasks /images :1@a'.split(
    ' ',
  )

const statusOf = (answer: string): number => Number(/^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1])

const request = (method: string, target: string): string =>
  `${method} ${target} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`

describe.each(haproxyPrograms())('the filter, run by HAProxy $line', ({ path: program }) => {
  let folder: string
  let docker: RequestRecorder
  let filter: SocketFilter | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-filter-'))
    docker = new RequestRecorder(join(folder, 'docker.sock'))
    await docker.start()
  })

  afterEach(async () => {
    await filter?.stop()
    await docker.stop()
    await rm(folder, { recursive: true })
  })

  async function start(options: Partial<FilterOptions> = {}): Promise<SocketFilter> {
    filter = await SocketFilter.start({
      program,
      socketPath: join(folder, 'filter.sock'),
      dockerSocket: docker.socketPath,
      ...options,
    })
    return filter
  }

  it.each([
    [{}, ['always']],
    [{ canJoin: true }, ['always', 'join']],
    [{ canReadSwarm: true }, ['always', 'swarm']],
    [{ canJoin: true, canReadSwarm: true }, ['always', 'join', 'swarm']],
  ] satisfies [Partial<FilterOptions>, Occasion[]][])(
    'with %j lets through what is for %j',
    async (options, occasions: readonly Occasion[]) => {
      const { socketPath } = await start(options)
      for (const { method, path, when } of samples) {
        const wanted = occasions.includes(when) ? 200 : 403
        for (const target of [path, `/v1.41${path}`, `${path}?since=1.5&filters=%7B%22a%22%7D`]) {
          const status = statusOf(await exchange(socketPath, request(method, target)))
          expect({ method, target, status }).toEqual({ method, target, status: wanted })
        }
      }
    },
  )

  it('lets no hostile request through, with all that can be allowed', async () => {
    const { socketPath } = await start({ canJoin: true, canReadSwarm: true })
    const hostile = hostileRequests()
    expect(hostile.length).toBeGreaterThan(1000)
    const passed: string[] = []
    for (const bytes of hostile) {
      const status = statusOf(await exchange(socketPath, bytes))
      // HAProxy itself refuses what is no HTTP: with 400, or without a word.
      if (status < 400) passed.push(bytes)
    }
    expect(passed).toEqual([])
    expect(docker.requests).toEqual([])
  })

  it('lets through of any target only what the table has', async () => {
    const { socketPath } = await start({ canJoin: true, canReadSwarm: true })
    const piece = fc.constantFrom(...pieces)
    const targets = fc.array(piece, { minLength: 1, maxLength: 6 }).map((all) => all.join(''))
    const methods = fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE', 'PUT')
    await fc.assert(
      fc.asyncProperty(methods, targets, async (method, target) => {
        docker.requests.length = 0
        const bytes = Buffer.from(request(method, target)).toString('latin1')
        await exchange(socketPath, bytes)
        const heads = docker.requests.map((text) => text.split(' ').slice(0, 2).join(' '))
        const isListed = entryOf(method, target) !== undefined
        expect(heads).toEqual(isListed ? [`${method} ${target}`] : [])
      }),
      { numRuns: 400 },
    )
  })

  it('lets no connection turn into another protocol', async () => {
    const { socketPath } = await start()
    for (const protocol of ['tcp', 'websocket', 'h2c']) {
      const more = `Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\n`
      const settings = 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n'
      await exchange(socketPath, `GET /events HTTP/1.1\r\nHost: docker\r\n${more}${settings}`)
    }
    // Some versions of HAProxy take out what belongs to h2c, and let the rest through.
    expect(docker.requests.filter((text) => /upgrade/i.test(text))).toEqual([])
  })

  it('lets nothing through in HTTP/2', async () => {
    const { socketPath } = await start()
    const session = connect('http://docker', {
      createConnection: () => createConnection({ path: socketPath }),
    })
    const ask = (method: string, path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': method, ':path': path })
        stream.on('response', (headers) => resolve(Number(headers[':status'])))
        stream.on('error', reject)
        stream.end()
      })
    try {
      expect(await ask('POST', '/containers/create')).toBe(403)
      expect(await ask('GET', '/info/../containers/x/archive')).toBe(403)
      expect(docker.requests).toEqual([])
    } finally {
      session.destroy()
    }
  })

  it('says why in words that fairlead shows, and logs what it refused', async () => {
    const { socketPath, url } = await start()
    const client = new DockerClient({ name: undefined, url, certFolder: undefined })
    await client.info()
    const answer = await exchange(socketPath, request('POST', '/containers/create'))
    expect(answer).toContain('{"message":"refused by the filter in front of the Docker socket"}')
    client.close()
    await waitUntil('it is logged', () => filter?.log.includes('/containers/create') === true)
    expect(filter?.log).not.toContain('/info')
  })
})

describe('a stream of events through the filter', () => {
  let folder: string
  let docker: FakeDocker
  let filter: SocketFilter
  let client: DockerClient

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-filter-'))
    docker = new FakeDocker()
    await docker.start()
    const socketPath = join(folder, 'filter.sock')
    filter = await SocketFilter.start({ socketPath, dockerSocket: docker.socketPath })
    client = new DockerClient({ name: undefined, url: filter.url, certFolder: undefined })
  })

  afterEach(async () => {
    client.close()
    await filter.stop()
    await docker.stop()
    await rm(folder, { recursive: true })
  })

  it('brings each event as it comes', async () => {
    const stop = new AbortController()
    const events = (await client.events(Date.now(), stop.signal))[Symbol.asyncIterator]()
    for (const id of ['c1', 'c2', 'c3']) {
      docker.run({ id, name: id })
      expect((await events.next()).value).toMatchObject({ action: 'start', id })
    }
    stop.abort()
  })

  it('ends at the daemon when its reader has gone', async () => {
    for (let round = 0; round < 10; round += 1) {
      const stop = new AbortController()
      await client.events(Date.now(), stop.signal)
      await waitUntil('the stream is open', () => docker.streamCount === 1)
      stop.abort()
      await waitUntil('the stream has ended', () => docker.streamCount === 0)
    }
  })

  it('breaks when the daemon goes', async () => {
    const stop = new AbortController()
    const events = (await client.events(Date.now(), stop.signal))[Symbol.asyncIterator]()
    docker.dropAll()
    await expect(events.next()).rejects.toThrow()
  })
})
