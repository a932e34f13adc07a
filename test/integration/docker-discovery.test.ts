import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../src/model/endpoint.ts'
import { DockerProxy } from '../support/docker-proxy.ts'
import { waitUntil } from '../support/wait-until.ts'
import { WatchedDocker } from '../support/watched-docker.ts'

const run = promisify(execFile)
const prefix = `fairlead-discovery-${process.pid}`
const image = `${prefix}:test`
const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))

let folder: string
let proxy: DockerProxy
let watched: WatchedDocker | undefined
let count = 0
let sessionsBefore = 0

async function docker(...words: string[]): Promise<string> {
  const { stdout } = await run('docker', words, {
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  })
  return stdout.trim()
}

/** Serves one line on port 80 and ends at SIGTERM; or ignores it. */
const serving = 'trap "exit 0" TERM; /busybox httpd -f -p 80 & wait'
const stubborn = 'trap "" TERM; /busybox httpd -f -p 80 & while :; do wait; done'

async function start(
  options: string[] = [],
  script = serving,
): Promise<{ name: string; id: string }> {
  const name = `${prefix}-${++count}`
  const id = await docker(
    'run',
    '-d',
    '--name',
    name,
    ...options,
    image,
    '/busybox',
    'sh',
    '-c',
    script,
  )
  return { name, id }
}

beforeAll(async () => {
  if (busybox === undefined) throw new Error('busybox is missing: apt-get install busybox-static')
  folder = mkdtempSync(join(tmpdir(), prefix))
  copyFileSync(busybox, join(folder, 'busybox'))
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM scratch\nCOPY busybox /busybox\nCOPY busybox /bin/sh\nEXPOSE 80\n',
  )
  await docker('build', '-q', '-t', image, folder)
  proxy = new DockerProxy(join(folder, 'proxy.sock'))
  await proxy.open()
})

afterEach(async () => {
  await watched?.stop()
  watched = undefined
  const left = (await docker('ps', '-aq', '--filter', `name=${prefix}`)).split('\n')
  const ids = left.filter((id) => id !== '')
  if (ids.length > 0) await docker('rm', '-f', ...ids)
})

afterAll(async () => {
  await proxy.close()
  await docker('rmi', '-f', image)
  rmSync(folder, { recursive: true, force: true })
})

async function watch(): Promise<WatchedDocker> {
  sessionsBefore = eventStreams()
  watched = new WatchedDocker(proxy.url)
  return watched.connected()
}

function endpointOf(seen: WatchedDocker, id: string): Endpoint | undefined {
  return seen.candidates.get(id)?.endpoints[0]
}

/** Streams that go on; what has an end asks for the past. */
const eventStreams = (): number =>
  proxy.requests.filter((each) => /^GET \/events\?(?!.*until=)/.test(each)).length

/** Sessions since `watch`: more than one where a slow machine lets the daemon seem to be silent. */
const sessions = (): number => eventStreams() - sessionsBefore

function inspectsOf(id: string): number {
  return proxy.requests.filter((each) => each === `GET /containers/${id}/json`).length
}

describe('with a real Docker daemon', () => {
  it('follows a container from start to stop, draining from the stop signal on', async () => {
    const seen = await watch()
    const { name, id } = await start()
    await seen.saidFor(`start ${name}`)
    expect(inspectsOf(id)).toBeGreaterThan(0)
    const address = await docker(
      'inspect',
      '-f',
      '{{.NetworkSettings.Networks.bridge.IPAddress}}',
      name,
    )
    expect(endpointOf(seen, id)).toMatchObject({
      id: `${seen.provider.nodeName}:${name}:80`,
      service: prefix,
      address,
      port: 80,
      health: 'passing',
      isHealthReported: false,
    })
    await docker('stop', '-t', '5', name)
    const kill = await seen.saidFor(`kill SIGTERM ${name}`)
    expect(kill.upserts[0]?.endpoints[0]?.draining?.reason).toBe('SIGTERM was sent')
    await waitUntil('gone', () => !seen.candidates.has(id))
    // One for its start; a session begins by inspecting all.
    expect(inspectsOf(id)).toBeLessThanOrEqual(sessions())
  })

  it('takes a killed container away at die, and a stubborn one after both signals', async () => {
    const seen = await watch()
    const killed = await start()
    await seen.saidFor(`start ${killed.name}`)
    await docker('kill', killed.name)
    await seen.saidFor(`kill SIGKILL ${killed.name}`)
    await seen.saidFor(`die ${killed.name} (exit 137)`)
    const stubbornOne = await start([], stubborn)
    await seen.saidFor(`start ${stubbornOne.name}`)
    await docker('stop', '-t', '1', stubbornOne.name)
    await seen.saidFor(`die ${stubbornOne.name} (exit 137)`)
    const causes = seen.causes().filter((each) => each.endsWith(stubbornOne.name))
    expect(causes).toContain(`kill SIGTERM ${stubbornOne.name}`)
    expect(seen.candidates.has(killed.id)).toBe(false)
    expect(seen.candidates.has(stubbornOne.id)).toBe(false)
  })

  it('shows pause, rename, restart and networks', async () => {
    const seen = await watch()
    const { name, id } = await start()
    await seen.saidFor(`start ${name}`)
    await docker('pause', name)
    await seen.saidFor(`pause ${name}`)
    expect(endpointOf(seen, id)?.health).toBe('maintenance')
    await docker('unpause', name)
    await seen.saidFor(`unpause ${name}`)
    expect(endpointOf(seen, id)?.health).toBe('passing')
    await docker('rename', name, `${name}-new`)
    await seen.saidFor(`rename ${name}-new`)
    expect(endpointOf(seen, id)?.id).toBe(`${seen.provider.nodeName}:${name}-new:80`)
    const before = endpointOf(seen, id)?.identity
    await docker('restart', '-t', '1', `${name}-new`)
    await seen.saidFor(`start ${name}-new`)
    expect(endpointOf(seen, id)?.identity).not.toBe(before)
    expect(endpointOf(seen, id)?.draining).toBeUndefined()
    const network = `${prefix}-net`
    await docker('network', 'create', network)
    try {
      await docker('network', 'connect', network, `${name}-new`)
      await docker('network', 'disconnect', 'bridge', `${name}-new`)
      const address = await docker(
        'inspect',
        '-f',
        `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
        `${name}-new`,
      )
      await waitUntil('at its new address', () => endpointOf(seen, id)?.address === address)
    } finally {
      await docker('rm', '-f', `${name}-new`)
      await docker('network', 'rm', network)
    }
  })

  it('waits for a HEALTHCHECK', async () => {
    const seen = await watch()
    // The first check lasts until the test lets it go on.
    const { name, id } = await start([
      '--health-cmd',
      'until test -f /go; do /busybox sleep 0.1; done; test -f /ok',
      '--health-interval',
      '300ms',
      '--health-retries',
      '1',
    ])
    const started = await seen.saidFor(`start ${name}`)
    expect(started.upserts[0]?.endpoints[0]).toMatchObject({
      health: 'critical',
      healthReason: 'HEALTHCHECK starting',
      isHealthReported: true,
    })
    await docker('exec', name, '/busybox', 'touch', '/go')
    await seen.saidFor(`health unhealthy ${name}`)
    await docker('exec', name, '/busybox', 'touch', '/ok')
    await seen.saidFor(`health healthy ${name}`)
    expect(endpointOf(seen, id)?.health).toBe('passing')
  })

  it('finds at the start what runs, and lists again after the connection broke', async () => {
    const { name, id } = await start(['--network', 'host'], 'sleep 100')
    const paused = await start()
    await docker('pause', paused.name)
    const seen = await watch()
    expect(endpointOf(seen, id)).toMatchObject({ address: '127.0.0.1', port: 80 })
    expect(endpointOf(seen, paused.id)?.health).toBe('maintenance')
    await docker('unpause', paused.name)
    await seen.saidFor(`unpause ${paused.name}`)
    const lists = (): number => seen.said.filter((each) => each.isComplete).length
    expect(lists()).toBeLessThanOrEqual(sessions())
    const before = lists()
    proxy.cut()
    await waitUntil('listed again', () => lists() > before)
    expect(seen.candidates.has(paused.id)).toBe(true)
    await docker('rm', '-f', name)
    await waitUntil('gone', () => !seen.candidates.has(id))
  })

  it('reaches a daemon through ssh, and its containers at their published ports', async () => {
    const ssh = join(folder, 'ssh')
    writeFileSync(ssh, '#!/bin/sh\nwhile [ "$1" != docker ]; do shift; done\nexec "$@"\n')
    chmodSync(ssh, 0o755)
    const before = process.env['PATH']
    process.env['PATH'] = `${folder}:${before}`
    try {
      const { name, id } = await start(['-p', '127.0.0.2::80', '-p', '127.0.0.1::81'])
      watched = new WatchedDocker('ssh://192.0.2.9', { publishedAddress: '192.0.2.10' })
      await watched.connected()
      const problems = watched.candidates.get(id)?.problems.map((each) => each.what) ?? []
      expect(problems.at(-1)).toContain('published on the loopback')
      const open = await start(['-p', '80'])
      await watched.saidFor(`start ${open.name}`)
      const port = (await docker('port', open.name, '80/tcp')).split('\n')[0]?.split(':').at(-1)
      expect(endpointOf(watched, open.id)).toMatchObject({
        address: '192.0.2.10',
        port: Number(port),
        exposedPort: 80,
      })
      await docker('kill', name)
      await watched.saidFor(`die ${name} (exit 137)`)
    } finally {
      process.env['PATH'] = before
    }
  })

  it('tells of a start as soon as Docker does', async () => {
    const seen = await watch()
    const lags: number[] = []
    for (let turn = 0; turn < 10; turn++) {
      const { name } = await start([], 'sleep 100')
      await seen.saidFor(`start ${name}`)
      const at = seen.said.findIndex((each) => each.cause === `start ${name}`)
      lags.push((seen.saidAtMs[at] ?? 0) - (seen.said[at]?.eventAtMs ?? 0))
    }
    lags.sort((a, b) => a - b)
    console.log(`start event → observation, ms: ${lags.map((lag) => lag.toFixed(1)).join(' ')}`)
    // No waiting for anything: it is a second at least where something is asked again and again.
    expect(lags[5]).toBeLessThan(1000)
  })
})
