import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { testCertificate, testKey } from '../../../test/support/tls-fixture.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { DockerClient } from './client.ts'
import { nanosOf, parseEvent } from './docker-types.ts'

let docker: FakeDocker
let folder: string
const releases: (() => void)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'docker-client-'))
  docker = new FakeDocker()
  await docker.start()
  docker.run({ id: 'c1', name: 'web-1' })
})

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) release()
  await docker.stop()
  rmSync(folder, { recursive: true, force: true })
})

function clientFor(url: string, certFolder?: string): DockerClient {
  const client = new DockerClient({ name: undefined, url, certFolder })
  releases.push(() => client.close())
  return client
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  releases.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Asks everything once, and follows the stream up to one event. */
async function expectToWork(client: DockerClient): Promise<void> {
  expect(await client.listContainers()).toEqual(['c1'])
  expect((await client.inspect('c1'))?.Name).toBe('/web-1')
  expect(await client.inspect('c2')).toBeUndefined()
  expect((await client.networks()).get('net-bridge')?.driver).toBe('bridge')
  const info = await client.info()
  expect(info).toMatchObject({ name: 'fake', hasReachableBridges: process.platform === 'linux' })
  const stop = new AbortController()
  const events = (await client.events(info.systemTimeMs, stop.signal))[Symbol.asyncIterator]()
  docker.emit('pause', 'c1')
  const { value } = await events.next()
  expect(value).toMatchObject({ type: 'container', action: 'pause', id: 'c1' })
  stop.abort()
  await expect(events.next()).rejects.toMatchObject({ code: 'docker_unreachable' })
}

describe('connections', () => {
  it('speaks through a unix socket', () => expectToWork(clientFor(docker.url)))

  it('speaks plain tcp', async () => {
    const server = createTcpServer((socket) => {
      const inner = connect(docker.socketPath)
      socket.pipe(inner).pipe(socket)
      socket.on('error', () => inner.destroy())
      inner.on('error', () => socket.destroy())
    })
    const client = clientFor(`tcp://127.0.0.1:${await listening(server)}`)
    expect(client.remoteHost).toBeUndefined()
    await expectToWork(client)
  })

  it('speaks TLS with a client certificate', async () => {
    writeCertificate(folder)
    const server = createServer({
      key: testKey,
      cert: testCertificate,
      ca: testCertificate,
      requestCert: true,
      rejectUnauthorized: true,
    })
    server.on('request', (request, response) => void docker.answer(request, response))
    const port = await listening(server)
    await expectToWork(clientFor(`tcp://127.0.0.1:${port}`, folder))
  })

  it('speaks through ssh and docker system dial-stdio, and ends the process', async () => {
    const path = fakeSsh(folder, docker.socketPath)
    const before = process.env['PATH']
    process.env['PATH'] = `${path}:${before}`
    releases.push(() => {
      process.env['PATH'] = before
    })
    const client = clientFor('ssh://me@pi1.example:2222')
    expect(client.remoteHost).toBe('pi1.example')
    await expectToWork(client)
    client.close()
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
    expect(calls[0]).toContain('-l me -p 2222 -- pi1.example docker system dial-stdio')
    const pids = calls.map((line) => Number(line.split(' ')[0]))
    await waitUntil('all ssh processes are gone', () => !pids.some(isAlive))
  })

  it('repeats a request once when the kept connection was closed meanwhile', async () => {
    const client = clientFor(docker.url)
    await client.listContainers()
    docker.dropAll()
    expect(await client.listContainers()).toEqual(['c1'])
  })
})

describe('failures', () => {
  it('says what to do when there is no socket', async () => {
    await expect(clientFor('unix:///nonesuch/docker.sock').info()).rejects.toMatchObject({
      code: 'docker_unreachable',
      hint: expect.stringContaining('is Docker running?'),
    })
  })

  it('says which request a proxy in front of the socket refuses', async () => {
    const server = createHttpServer((_, response) => {
      response.writeHead(403, { 'content-type': 'text/html' })
      response.end('<html><body><h1>403 Forbidden</h1>\nby the rules\n</body></html>')
    })
    const url = `tcp://127.0.0.1:${await listening(server)}`
    await expect(clientFor(url).info()).rejects.toMatchObject({
      message: `Docker at ${url}: 403 Forbidden by the rules (HTTP 403, GET /info)`,
      hint: 'a proxy in front of the socket has to let this through',
    })
  })

  it('says what ssh said when it fails', async () => {
    const path = fakeSsh(folder, '/nonesuch', 'echo "Permission denied (publickey)." >&2; exit 255')
    const before = process.env['PATH']
    process.env['PATH'] = `${path}:${before}`
    releases.push(() => {
      process.env['PATH'] = before
    })
    await expect(clientFor('ssh://pi1').info()).rejects.toMatchObject({
      message: 'ssh ended with code 255: Permission denied (publickey).',
    })
  })

  it('gives up a past-events request after its time', async () => {
    docker.isFrozen = true
    const { signal } = new AbortController()
    await expect(
      clientFor(docker.url).pastEvents(0, 1, { signal, timeoutMs: 50 }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('no answer to /events within 50 ms'),
      isTimeout: true,
    })
  })

  it('refuses addresses that are none', () => {
    for (const url of ['http://x', 'nonsense', 'fd://']) {
      expect(() => clientFor(url)).toThrow('not a Docker address')
    }
    expect(() => clientFor('tcp://127.0.0.1:2376', '/nonesuch')).toThrow('cannot read TLS')
  })
})

describe('parsing', () => {
  it('reads nanoseconds and falls back to 0', () => {
    expect(nanosOf('1970-01-01T00:00:01.000000512Z')).toBe(1_000_000_512)
    expect(nanosOf('1970-01-01T01:00:01.5+01:00')).toBe(1_500_000_000)
    expect(nanosOf('0001-01-01T00:00:00Z')).toBe(0)
    expect(nanosOf(undefined)).toBe(0)
  })

  it('splits the detail off an action and skips what it does not know', () => {
    const base = {
      Type: 'container',
      Actor: { ID: 'x', Attributes: { a: 1, b: 'c' } },
      timeNano: 5,
    }
    expect(parseEvent(JSON.stringify({ ...base, Action: 'health_status: healthy' }))).toMatchObject(
      {
        action: 'health_status',
        detail: 'healthy',
        attributes: { b: 'c' },
      },
    )
    expect(parseEvent(JSON.stringify({ ...base, Type: 'image', Action: 'tag' }))).toBeUndefined()
    expect(parseEvent('[]')).toBeUndefined()
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A program `ssh` that writes down how it was called and connects to a socket of this machine. */
function fakeSsh(folder: string, socketPath: string, script?: string): string {
  const bridge =
    `const s = require('net').connect(process.argv[1]); ` +
    `process.stdin.pipe(s).pipe(process.stdout); s.on('close', () => process.exit(0))`
  writeFileSync(
    join(folder, 'ssh'),
    `#!/bin/sh\necho "$$ $*" >> ${folder}/calls\n` +
      `${script ?? `exec ${process.execPath} -e "${bridge}" ${socketPath}`}\n`,
  )
  chmodSync(join(folder, 'ssh'), 0o755)
  return folder
}

function writeCertificate(folder: string): void {
  writeFileSync(join(folder, 'ca.pem'), testCertificate)
  writeFileSync(join(folder, 'cert.pem'), testCertificate)
  writeFileSync(join(folder, 'key.pem'), testKey)
}
