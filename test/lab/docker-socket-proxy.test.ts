import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findComposes } from '../../scripts/lib/compose.mjs'
import { ensureImage } from '../../scripts/lib/image.mjs'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { ComposeExample } from './support/compose-example.ts'
import { until } from './until.ts'

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
  let example: ComposeExample

  async function up(canJoin: 'yes' | 'no'): Promise<void> {
    const variables = { ALLOW_JOIN: canJoin }
    example = new ComposeExample({ host, program, folder: 'docker-socket-proxy', variables })
    await example.compose('up', '-d')
    await host.docker('network', 'create', network)
  }

  const startWeb = (name: string, ...options: readonly string[]): Promise<void> =>
    example.startWeb(name, '--network', network, ...options)

  afterEach(async () => {
    await example.remove()
    await host.docker('network', 'rm', network)
  })

  it('joins networks, and can do nothing else with Docker', async () => {
    await up('yes')
    await startWeb('one')
    await example.untilAnsweredBy('one')
    await startWeb('two')
    await example.untilAnsweredBy('two')

    const socket = 'unix:///run/docker-socket-proxy/docker.sock'
    const report = await example.fairlead('doctor', '--docker', socket, '--json').catch(String)
    expect(report).toContain(`${socket} allows no more than is needed`)
    expect(report).not.toContain('lets fairlead make containers')
    // Nothing of the container but that socket: neither Docker's own, nor a network.
    const filter = await example.container('docker-filter')
    const format = '{{.HostConfig.NetworkMode}} {{.HostConfig.CapDrop}} {{.Config.User}}'
    expect(await host.docker('inspect', '--format', format, filter)).toBe('none [ALL] 0:10001')
    const mounts = '{{range .Mounts}}{{.Source}} {{end}}'
    const own = await host.docker(
      'inspect',
      '--format',
      mounts,
      await example.container('fairlead'),
    )
    expect(own).not.toContain('docker.sock')
    // All that was refused is what the doctor tried.
    const refused = (await host.docker('logs', filter)).match(/"(?:GET|POST) [^ ]+/g) ?? []
    const tried =
      /^"(?:POST \/containers\/create|(?:POST|GET) \/containers\/\w{64}\/(?:exec|archive\?path=\/)|GET \/(?:services|tasks|nodes|images\/\w{64}\/json))$/
    expect(refused.filter((line) => !tried.test(line))).toEqual([])
    expect(refused.length).toBeGreaterThan(2)
  })

  it('says why a container is left out where joining is refused, and takes its published port', async () => {
    await up('no')
    await startWeb('one')
    const explained = async (name: string) => example.fairlead('explain', name).catch(String)
    await until('it is left out', async () => (await explained('one')).includes('filter'))
    const why = await explained('one')
    expect(why).toContain('refused by the filter in front of the Docker socket')
    expect(why).toContain('docker network connect shared')
    await startWeb('two', '--publish', '80')
    await example.untilAnsweredBy('two')
    // What the hint says helps.
    await host.docker('network', 'connect', network, await example.container('haproxy'))
    await example.untilAnsweredBy('one')
  })
})
