import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findComposes } from '../../scripts/lib/compose.mjs'
import { ensureImage } from '../../scripts/lib/image.mjs'
import { file, importImage } from '../../demo/image.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { librariesOf } from '../support/haproxy-container.ts'
import { must } from './command.ts'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { ask, MixedLoad } from './support/mixed-load.ts'
import { until } from './until.ts'

const folder = fileURLToPath(new URL('../../deploy/single-host', import.meta.url))
const httpPort = 80
const shop = 'shop.example.org'
/** In place of Docker Hub's: one with nothing but this machine's oldest HAProxy. */
const stockImage = 'stock-haproxy:1'

let lab: Lab
let host: Host

beforeAll(async () => {
  lab = await Lab.start({ hosts: 1 })
  host = lab.host(1)
  await ensureImage({ dockerHost: `unix://${host.dockerSocket}` })
  const program = haproxyPrograms()[0]?.path ?? ''
  const files = [file('usr/sbin/haproxy', 0o755, program), ...librariesOf(program)]
  const [name = '', tag = ''] = stockImage.split(':')
  await importImage(host.dockerApi, { name, tag, changes: [], files })
}, 300_000)

afterAll(() => lab.close())

describe.each(findComposes())('deploy/single-host with Compose $version', ({ program }) => {
  const project = 'edge'

  async function compose(...args: string[]): Promise<string> {
    const env = {
      DOCKER_HOST: `unix://${host.dockerSocket}`,
      DOCKER_GID: await host.run('stat', ['-c', '%g', host.dockerSocket]).then((id) => id.trim()),
      DOCKER_SOCKET: host.dockerSocket,
      HTTP_PORT: String(httpPort),
      HAPROXY_IMAGE: stockImage,
    }
    return must(program, ['-p', project, ...args], { cwd: folder, env })
  }

  /** The id of a service's container; Compose's versions name them differently. */
  async function container(service: string): Promise<string> {
    const labels = [
      `com.docker.compose.project=${project}`,
      `com.docker.compose.service=${service}`,
    ]
    const filters = labels.flatMap((label) => ['--filter', `label=${label}`])
    return host.docker('ps', '--all', '--quiet', ...filters)
  }

  const state = async (service: string, what: string): Promise<string> =>
    host.docker('inspect', '--format', `{{.State.${what}}}`, await container(service))

  async function startWeb(name: string, network = 'bridge'): Promise<void> {
    const options = ['--network', network, '--label', `fairlead.host=${shop}`, '--hostname', name]
    await host.docker('run', '-d', '--name', name, ...options, 'fairlead-demo')
  }

  const page = () => ask({ address: host.address, port: httpPort, host: shop })

  const untilAnsweredBy = (name: string): Promise<void> =>
    until(`${name} answers`, async () => (await page()).body.includes(`<h1>${name}</h1>`))

  const fairleadUp = async (): Promise<void> => {
    await until('fairlead is up', async () => {
      const id = await container('fairlead')
      return (await host.docker('exec', id, 'fairlead', 'status', '--json')) !== ''
    })
  }

  beforeEach(async () => {
    await compose('up', '-d')
    await startWeb('one')
    await untilAnsweredBy('one')
  })

  afterEach(async () => {
    const names = (await host.docker('ps', '--all', '--format', '{{.Names}}')).split('\n')
    const others = names.filter((name) => name !== '' && !name.startsWith(project))
    if (others.length > 0) await host.docker('rm', '--force', ...others)
    await compose('down', '-v')
  })

  it('routes a container by its label through the published port, and down -v leaves nothing', async () => {
    const status = JSON.parse(
      await host.docker('exec', await container('fairlead'), 'fairlead', 'status', '--json'),
    ) as { services: readonly { name: string; hosts: readonly string[] }[] }
    expect(status.services).toHaveLength(1)

    // The user's own containers and networks are nothing that it would wait for or take away.
    await compose('down', '-v')
    await host.docker('rm', '--force', 'one')
    expect(await host.docker('ps', '--all', '--quiet')).toBe('')
    expect(await host.docker('volume', 'ls', '--quiet')).toBe('')
    const networks = await host.docker('network', 'ls', '--format', '{{.Name}}')
    expect(networks.split('\n').toSorted()).toEqual(['bridge', 'host', 'none'])
  })

  it('loses no request, GET or POST, when the fairlead container is replaced', async () => {
    await startWeb('two')
    await untilAnsweredBy('two')
    const before = await container('fairlead')
    const haproxy = await container('haproxy')
    const load = new MixedLoad({
      address: host.address,
      port: httpPort,
      host: shop,
      perSecond: 100,
    })
    await until('it answers', () => load.answered > 50)
    await compose('up', '-d', '--no-deps', '--force-recreate', 'fairlead')
    await fairleadUp()
    const answered = load.answered
    await until('it goes on', () => load.answered > answered + 100)
    const { failures, sent } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(100)
    expect(await container('fairlead')).not.toBe(before)
    expect(await container('haproxy')).toBe(haproxy)
    await startWeb('three')
    await untilAnsweredBy('three')
  })

  it('loses no request when fairlead is killed, and Docker starts it again', async () => {
    const pid = await state('fairlead', 'Pid')
    const load = new MixedLoad({
      address: host.address,
      port: httpPort,
      host: shop,
      perSecond: 100,
    })
    await until('it answers', () => load.answered > 50)
    await host.run('kill', ['-9', pid])
    await until('Docker has started it again', async () => {
      return !['0', pid].includes(await state('fairlead', 'Pid'))
    })
    await fairleadUp()
    const { failures } = await load.stop()
    expect(failures).toEqual([])
    await startWeb('two')
    await untilAnsweredBy('two')
  })

  it('comes back by itself when HAProxy is restarted: at once what was, and then what is new', async () => {
    await host.docker('rm', '--force', 'one')
    await startWeb('kept')
    await untilAnsweredBy('kept')
    await compose('restart', 'haproxy')
    await untilAnsweredBy('kept')
    await startWeb('new')
    await untilAnsweredBy('new')
    const id = await container('fairlead')
    const interfaces = await host.docker('exec', id, 'ls', '/sys/class/net')
    expect(interfaces.split('\n')).toContain('eth0')
  })

  it('works with a HAProxy of another image', async () => {
    // The configuration on the volume is one for a newer HAProxy.
    await compose('down', '-v')
    await compose('-f', 'compose.yml', '-f', 'stock-haproxy.yml', 'up', '-d')
    const id = await container('haproxy')
    expect(await host.docker('inspect', '--format', '{{.Config.Image}}', id)).toBe(stockImage)
    await startWeb('two')
    await untilAnsweredBy('two')
    await compose('-f', 'compose.yml', '-f', 'stock-haproxy.yml', 'down', '-v')
  })

  it('finishes the requests under way when HAProxy is stopped', async () => {
    const labels = ['SERVICE_NAME=slow', 'fairlead.host=slow.example.org']
    const options = labels.flatMap((label) => ['--label', label]).concat('--entrypoint', 'node')
    await host.docker('run', '-d', '--name', 'slow', ...options, 'fairlead-demo', '-e', slowServer)
    const slow = { address: host.address, port: httpPort, host: 'slow.example.org' }
    await until('it is routed', async () => (await ask({ ...slow, path: '/now' })).body === 'now')
    const underWay = ask({ ...slow, method: 'POST', timeoutMs: 60_000 })
    await until('it has the request', async () => {
      return (await host.docker('logs', 'slow')).includes('asked')
    })
    const id = await container('haproxy')
    const stopped = compose('stop', 'haproxy')
    await until('HAProxy takes no more', () => page().then(() => false, isRefused))
    await host.docker('kill', '--signal', 'USR2', 'slow')
    expect(await underWay).toMatchObject({ status: 200, body: 'late' })
    await stopped
    expect(await host.docker('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0')
  })
})

/** Answers `/now` at once, everything else at SIGUSR2. */
const slowServer = `
  const waiting = []
  require('http').createServer((request, response) => {
    if (request.url === '/now') return response.end('now')
    waiting.push(response)
    console.log('asked')
  }).listen(80)
  process.on('SIGUSR2', () => waiting.forEach((response) => response.end('late')))
`

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}
