import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findComposes } from '../../scripts/lib/compose.mjs'
import { ensureImage } from '../../scripts/lib/image.mjs'
import { file, importImage } from '../../demo/image.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { librariesOf } from '../support/haproxy-container.ts'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { ComposeExample } from './support/compose-example.ts'
import { ask, MixedLoad } from './support/mixed-load.ts'
import { until } from './until.ts'

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
  let example: ComposeExample

  const state = async (service: string, what: string): Promise<string> =>
    host.docker('inspect', '--format', `{{.State.${what}}}`, await example.container(service))

  const fairleadUp = (): Promise<void> =>
    until('fairlead is up', async () => (await example.fairlead('status', '--json')) !== '')

  beforeEach(async () => {
    const group = await host.run('stat', ['-c', '%g', host.dockerSocket])
    const variables = { DOCKER_GID: group.trim(), HAPROXY_IMAGE: stockImage }
    example = new ComposeExample({ host, program, folder: 'single-host', variables })
    await example.compose('up', '-d')
    await example.startWeb('one')
    await example.untilAnsweredBy('one')
  })

  afterEach(() => example.remove())

  it('routes a container by its label through the published port, and down -v leaves nothing', async () => {
    const status = JSON.parse(await example.fairlead('status', '--json')) as {
      services: readonly { name: string; hosts: readonly string[] }[]
    }
    expect(status.services).toHaveLength(1)

    // The user's own containers and networks are nothing that it would wait for or take away.
    await example.compose('down', '-v')
    await host.docker('rm', '--force', 'one')
    expect(await host.docker('ps', '--all', '--quiet')).toBe('')
    expect(await host.docker('volume', 'ls', '--quiet')).toBe('')
    const networks = await host.docker('network', 'ls', '--format', '{{.Name}}')
    expect(networks.split('\n').toSorted()).toEqual(['bridge', 'host', 'none'])
  })

  it('loses no request, GET or POST, when the fairlead container is replaced', async () => {
    await example.startWeb('two')
    await example.untilAnsweredBy('two')
    const before = await example.container('fairlead')
    const haproxy = await example.container('haproxy')
    const load = new MixedLoad({ ...example.to, perSecond: 100 })
    await until('it answers', () => load.answered > 50)
    await example.compose('up', '-d', '--no-deps', '--force-recreate', 'fairlead')
    await fairleadUp()
    const answered = load.answered
    await until('it goes on', () => load.answered > answered + 100)
    const { failures, sent } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(100)
    expect(await example.container('fairlead')).not.toBe(before)
    expect(await example.container('haproxy')).toBe(haproxy)
    await example.startWeb('three')
    await example.untilAnsweredBy('three')
  })

  it('loses no request when fairlead is killed, and Docker starts it again', async () => {
    const pid = await state('fairlead', 'Pid')
    const load = new MixedLoad({ ...example.to, perSecond: 100 })
    await until('it answers', () => load.answered > 50)
    await host.run('kill', ['-9', pid])
    await until('Docker has started it again', async () => {
      return !['0', pid].includes(await state('fairlead', 'Pid'))
    })
    await fairleadUp()
    const { failures } = await load.stop()
    expect(failures).toEqual([])
    await example.startWeb('two')
    await example.untilAnsweredBy('two')
  })

  it('comes back by itself when HAProxy is restarted: at once what was, and then what is new', async () => {
    await host.docker('rm', '--force', 'one')
    await example.startWeb('kept')
    await example.untilAnsweredBy('kept')
    await example.compose('restart', 'haproxy')
    await example.untilAnsweredBy('kept')
    await example.startWeb('new')
    await example.untilAnsweredBy('new')
    const id = await example.container('fairlead')
    const interfaces = await host.docker('exec', id, 'ls', '/sys/class/net')
    expect(interfaces.split('\n')).toContain('eth0')
  })

  it('works with a HAProxy of another image', async () => {
    // The configuration on the volume is one for a newer HAProxy.
    await example.compose('down', '-v')
    await example.compose('-f', 'compose.yml', '-f', 'stock-haproxy.yml', 'up', '-d')
    const id = await example.container('haproxy')
    expect(await host.docker('inspect', '--format', '{{.Config.Image}}', id)).toBe(stockImage)
    await example.startWeb('two')
    await example.untilAnsweredBy('two')
    await example.compose('-f', 'compose.yml', '-f', 'stock-haproxy.yml', 'down', '-v')
  })

  it('finishes the requests under way when HAProxy is stopped', async () => {
    const labels = ['SERVICE_NAME=slow', 'fairlead.host=slow.example.org']
    const options = labels.flatMap((label) => ['--label', label]).concat('--entrypoint', 'node')
    await host.docker('run', '-d', '--name', 'slow', ...options, 'fairlead-demo', '-e', slowServer)
    const slow = { ...example.to, host: 'slow.example.org' }
    await until('it is routed', async () => (await ask({ ...slow, path: '/now' })).body === 'now')
    const underWay = ask({ ...slow, method: 'POST', timeoutMs: 60_000 })
    await until('it has the request', async () => {
      return (await host.docker('logs', 'slow')).includes('asked')
    })
    const id = await example.container('haproxy')
    const stopped = example.compose('stop', 'haproxy')
    await until('HAProxy takes no more', () => example.page().then(() => false, isRefused))
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
