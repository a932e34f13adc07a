import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findComposes } from '../../scripts/lib/compose.mjs'
import { ensureImage } from '../../scripts/lib/image.mjs'
import { must } from './command.ts'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { ask } from './support/mixed-load.ts'
import { until } from './until.ts'

const folder = fileURLToPath(new URL('../../deploy/docker-socket-proxy', import.meta.url))
const project = 'edge'
const httpPort = 80
const shop = 'shop.example.org'
/** Behind that of HAProxy by its name: joining it leaves connections to published ports alone. */
const network = 'shared'

let lab: Lab
let host: Host

beforeAll(async () => {
  lab = await Lab.start({ hosts: 1 })
  host = lab.host(1)
  await ensureImage({ dockerHost: `unix://${host.dockerSocket}` })
}, 300_000)

afterAll(() => lab.close())

describe.each(findComposes())('deploy/docker-socket-proxy with Compose $version', ({ program }) => {
  const compose = async (canJoin: 'yes' | 'no', ...args: string[]): Promise<string> => {
    const env = {
      DOCKER_HOST: `unix://${host.dockerSocket}`,
      DOCKER_SOCKET: host.dockerSocket,
      HTTP_PORT: String(httpPort),
      ALLOW_JOIN: canJoin,
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

  const fairlead = async (...args: readonly string[]): Promise<string> =>
    host.docker('exec', await container('fairlead'), 'fairlead', ...args)

  async function startWeb(name: string, more: readonly string[] = []) {
    const options = ['--network', network, '--label', `fairlead.host=${shop}`, '--hostname', name]
    await host.docker('run', '-d', '--name', name, ...options, ...more, 'fairlead-demo')
  }

  const untilAnsweredBy = (name: string): Promise<void> =>
    until(`${name} answers`, async () => {
      const { body } = await ask({ address: host.address, port: httpPort, host: shop })
      return body.includes(`<h1>${name}</h1>`)
    })

  afterEach(async () => {
    const names = (await host.docker('ps', '--all', '--format', '{{.Names}}')).split('\n')
    const others = names.filter((name) => name !== '' && !name.startsWith(project))
    if (others.length > 0) await host.docker('rm', '--force', ...others)
    await compose('yes', 'down', '-v')
    await host.docker('network', 'rm', network)
  })

  it('joins networks, and can do nothing else with Docker', async () => {
    await compose('yes', 'up', '-d')
    await host.docker('network', 'create', network)
    await startWeb('one')
    await untilAnsweredBy('one')
    await startWeb('two')
    await untilAnsweredBy('two')

    const socket = 'unix:///run/docker-socket-proxy/docker.sock'
    const report = await fairlead('doctor', '--docker', socket, '--json').catch(String)
    expect(report).toContain(`${socket} allows no more than is needed`)
    expect(report).not.toContain('lets fairlead make containers')
    // Nothing of the container but that socket: neither Docker's own, nor a network.
    const filter = await container('docker-filter')
    const format = '{{.HostConfig.NetworkMode}} {{.HostConfig.CapDrop}} {{.Config.User}}'
    expect(await host.docker('inspect', '--format', format, filter)).toBe('none [ALL] 0:10001')
    const mounts = '{{range .Mounts}}{{.Source}} {{end}}'
    const own = await host.docker('inspect', '--format', mounts, await container('fairlead'))
    expect(own).not.toContain('docker.sock')
    // All that was refused is what the doctor tried.
    const refused = (await host.docker('logs', filter)).match(/"(?:GET|POST) [^ ]+/g) ?? []
    const tried =
      /^"(?:POST \/containers\/create|(?:POST|GET) \/containers\/\w{64}\/(?:exec|archive\?path=\/)|GET \/(?:services|tasks|nodes|images\/\w{64}\/json))$/
    expect(refused.filter((line) => !tried.test(line))).toEqual([])
    expect(refused.length).toBeGreaterThan(2)
  })

  it('says why a container is left out where joining is refused, and takes its published port', async () => {
    await compose('no', 'up', '-d')
    await host.docker('network', 'create', network)
    await startWeb('one')
    const explained = async (name: string) => fairlead('explain', name).catch(String)
    await until('it is left out', async () => (await explained('one')).includes('filter'))
    const why = await explained('one')
    expect(why).toContain('refused by the filter in front of the Docker socket')
    expect(why).toContain('docker network connect shared')
    await startWeb('two', ['--publish', '80'])
    await untilAnsweredBy('two')
    // What the hint says helps.
    await host.docker('network', 'connect', network, await container('haproxy'))
    await untilAnsweredBy('one')
  })
})
