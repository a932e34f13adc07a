import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTicksOf } from '../../src/support/process-identity.ts'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { leftOf } from './leftovers.ts'
import { ask } from './support/ask.ts'
import { until } from './until.ts'

const creator = fileURLToPath(new URL('support/lab-creator.ts', import.meta.url))

const apiOf = (host: Host): string => `http://${host.address}:2375/_ping`

const answers = async (host: Host): Promise<boolean> => {
  await host.dockerApi.call('GET', '/_ping', [200], { timeoutMs: 10_000 })
  return true
}

describe('a lab of three hosts with a swarm', () => {
  let lab: Lab
  let hosts: readonly [Host, Host, Host]
  /** URL of the web server on each host by its overlay address. */
  const urls: string[] = []

  beforeAll(async () => {
    lab = await Lab.start()
    hosts = [lab.host(1), lab.host(2), lab.host(3)]
    await Promise.all([lab.swarm(), lab.importDemo('demo'), lab.consul()])
    for (const host of hosts) {
      await host.docker(
        'run',
        '--detach',
        '--init',
        '--name',
        `web${host.number}`,
        ...network,
        'demo',
      )
      const format = '{{.NetworkSettings.Networks.apps.IPAddress}}'
      urls.push(`http://${await host.docker('inspect', '--format', format, `web${host.number}`)}/`)
    }
  }, 180_000)
  afterAll(() => lab.close())

  const network = ['--network', 'apps'] as const
  /** From the container of the one host to that of the other, over the overlay network. */
  const over = (from: Host, to: Host, timeoutMs = 10_000): Promise<string> =>
    ask(from, urls[to.number - 1] ?? '', { from: `web${from.number}`, timeoutMs })
  /** For what is to get no answer. */
  const inVain = { timeoutMs: 1000 }
  const isReached = async (from: Host, to: Host): Promise<boolean> =>
    (await over(from, to)) === '200'

  it('has hosts with names and processes of their own that reach each other', async () => {
    const [one, two, three] = hosts
    expect((await two.run('hostname')).trim()).toBe('host2')
    expect((await two.run('cat', ['/proc/1/comm'])).trim()).toMatch(/^(docker-init|tini)/)
    expect(await ask(one, apiOf(two))).toBe('200')
    expect(await ask(two, apiOf(three))).toBe('200')
    expect(await ask(three, apiOf(one))).toBe('200')
    const nodes = () => one.docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}}')
    await expect.poll(nodes).toBe('host1 Ready\nhost2 Ready\nhost3 Ready')
  })

  it('gives a Docker client on a host that host’s own daemon', async () => {
    const format = ['info', '--format', '{{.Name}}']
    expect((await hosts[1].run('docker', format)).trim()).toBe('host2')
    const standard = ['--host', 'unix:///var/run/docker.sock', ...format]
    expect((await hosts[2].run('docker', standard)).trim()).toBe('host3')
  })

  it('carries requests from container to container over the overlay network', async () => {
    const [one, two, three] = hosts
    for (const [from, to] of [
      [one, two],
      [two, three],
      [three, one],
    ] as const) {
      await until(`${from.name} reaches ${to.name}`, () => isReached(from, to))
    }
    expect(one.memoryBytes()).toBeGreaterThan(20e6)
    expect(one.pids().length).toBeGreaterThan(4)
  })

  it('cuts the overlay’s data path alone', async () => {
    const [one, two, three] = hosts
    await lab.cutOverlay([one])
    expect(await over(one, two, 1000)).toBe('no answer')
    expect(await over(three, one, 1000)).toBe('no answer')
    expect(await isReached(two, three)).toBe(true)
    expect(await ask(one, apiOf(two))).toBe('200')
    await lab.heal()
    await until('host1 reaches host2', () => isReached(one, two))
  })

  it('parts a host from the others, and this process still reaches it', async () => {
    const [one, two, three] = hosts
    await lab.partition([one])
    expect(await ask(one, apiOf(two), inVain)).toBe('no answer')
    expect(await ask(three, apiOf(one), inVain)).toBe('no answer')
    expect(await ask(two, apiOf(three))).toBe('200')
    const answer = await fetch(`http://${one.consulAddress}/v1/agent/self`)
    expect(answer.status).toBe(200)
    await lab.heal()
    expect(await ask(one, apiOf(two))).toBe('200')
    expect(await ask(three, apiOf(one))).toBe('200')
  })

  it('pulls a cable and plugs it in again', async () => {
    const [one, two] = hosts
    await two.cutCable()
    expect(await ask(one, apiOf(two), inVain)).toMatch(/no answer|EHOSTUNREACH/)
    await two.restoreCable()
    await until('host2 answers', async () => (await ask(one, apiOf(two))) === '200')
  })

  it('freezes a host, which still accepts connections, and thaws it', async () => {
    const [one, , three] = hosts
    await three.freeze()
    expect(await ask(one, apiOf(three), inVain)).toBe('no answer')
    await three.thaw()
    await until('host3 answers', async () => (await ask(one, apiOf(three))) === '200')
  })

  it('loses its Consul leader, has another, and gets the first one back', async () => {
    const before = await hosts[0].consul.leader()
    const leader = hosts.find(({ address }) => before.startsWith(`${address}:`)) ?? hosts[0]
    const other = hosts.find((host) => host !== leader) ?? hosts[1]
    await leader.killConsul()
    expect(leader.consul.isRunning).toBe(false)
    await until('another leads', async () => {
      const now = await other.consul.leader()
      return now !== '' && now !== before
    })
    await leader.startConsul()
    await until('both agree', async () => {
      const [a, b] = await Promise.all([leader.consul.leader(), other.consul.leader()])
      return a !== '' && a === b
    })
  })

  it('turns a host off and on again, with its address, disk and place in the swarm', async () => {
    const [one, two, three] = hosts
    const containers = await three.docker('ps', '--all', '--quiet')
    await three.powerOff()
    expect(three.isOn).toBe(false)
    expect(await ask(one, apiOf(three), inVain)).toMatch(/no answer|EHOSTUNREACH/)
    await three.powerOn()
    expect(await three.docker('ps', '--all', '--quiet')).toBe(containers)
    await until('host3 is a node again', async () => {
      const format = '{{.Status.State}}'
      return (await one.docker('node', 'inspect', '--format', format, 'host3')) === 'ready'
    })
    // Its network may take a while more than the node.
    await until('its container starts', async () => (await three.docker('start', 'web3')) !== '')
    await until('its container is reached', async () => {
      const format = '{{.NetworkSettings.Networks.apps.IPAddress}}'
      const address = await three.docker('inspect', '--format', format, 'web3')
      return (await ask(two, `http://${address}/`, { from: 'web2' })) === '200'
    })
  })
})

describe('labs beside each other', () => {
  it('keeps containers over the end of their daemon with live restore', async () => {
    const lab = await Lab.start({ hosts: 1, dockerFlags: ['--live-restore'] })
    try {
      const host = lab.host(1)
      const image = await lab.importDemo()
      await host.docker('run', '--detach', '--init', '--name', 'web', image)
      const pid = await host.pidOf('web')
      await host.killDocker()
      await expect(answers(host)).rejects.toThrow(/ECONNREFUSED|ENOENT/)
      await host.startDocker()
      expect(await host.pidOf('web')).toBe(pid)
    } finally {
      await lab.close()
    }
  })

  it('has two at once that do not see each other, and leaves nothing of either', async () => {
    const [one, two] = await Promise.all([Lab.start({ hosts: 2 }), Lab.start({ hosts: 2 })])
    try {
      expect(one.host(1).address).not.toBe(two.host(1).address)
      expect(await ask(one.host(1), apiOf(one.host(2)))).toBe('200')
      expect(await ask(one.host(1), apiOf(two.host(1)))).toBe('ENETUNREACH')
      await one.close()
      expect(await ask(two.host(1), apiOf(two.host(2)))).toBe('200')
    } finally {
      await Promise.all([one.close(), two.close()])
    }
    for (const lab of [one, two]) expect(tracesOf(lab)).toEqual([])
  })

  it('removes what a killed process left, a frozen host included', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', creator], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').once('data', resolve)
      child.once('exit', () => reject(new Error('it ended before its lab was there')))
    })
    const old = JSON.parse(line) as { prefix: string; folder: string; pids: readonly number[] }
    child.kill('SIGKILL')
    await ended
    expect(old.pids.length).toBeGreaterThan(3)
    expect(old.pids.filter((pid) => startTicksOf(pid) !== undefined)).toEqual(old.pids)

    const next = await Lab.start({ hosts: 1, dockerFlags: false })
    await next.close()
    // A host's PID 1 is out of its control groups while it still waits for the others of its pid
    // namespace (pid_namespaces(7)).
    await until('its processes have ended', () =>
      old.pids.every((pid) => startTicksOf(pid) === undefined),
    )
    expect(tracesOf(old)).toEqual([])
  })
})

/** All that there is of a lab; another one may have its folder's name by now. */
function tracesOf({ prefix, folder }: { prefix: string; folder: string }): readonly string[] {
  const record = join(folder, 'lab.json')
  const isThere = existsSync(record) && readFileSync(record, 'utf8').includes(prefix)
  return [
    ...leftOf({ prefix, folder: isThere ? folder : '/none', slot: 0 }),
    ...(isThere ? [folder] : []),
  ]
}
