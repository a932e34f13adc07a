import type { ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import type { TestServer } from '../support/plain-servers.ts'
import { suspend } from '../support/suspend.ts'
import {
  balancing,
  clusterOf,
  deregister,
  memberOf,
  register,
  startInstance,
  untilMember,
  untilSame,
} from './support/cluster-stage.ts'
import { Load } from './support/load.ts'
import { end, Stage } from './support/stage.ts'

let a: Stage
let b: Stage
let consul: ConsulAgent
const servers: TestServer[] = []

beforeEach(async () => {
  consul = await startConsul()
  a = await Stage.open({ hasImage: false })
  b = await Stage.open({ hasImage: false })
})

afterEach(async () => {
  await a.close()
  await b.close()
  for (const server of servers.splice(0)) await server.close()
  await consul.close()
})

async function addInstance(id: string): Promise<void> {
  servers.push(await startInstance(consul, 'web', id))
}

const up = (stage: Stage, name: string, ...args: readonly string[]): Promise<ChildProcess> =>
  stage.up(...balancing(name, 'web', consul), ...args)

describe('two load balancers of one Consul', () => {
  it('hold the same hash, whatever their folders, ports and names, and follow one another', async () => {
    await addInstance('web-1')
    await up(a, 'left')
    await up(b, 'right')
    const first = await untilSame(a, 2)
    expect(first.members.map(({ instance }) => instance)).toEqual(['left', 'right'])
    expect(first.members[0]?.http).toEqual([`127.0.0.1:${a.port}`])
    expect((await a.status()).desiredHash).not.toBe((await b.status()).desiredHash)
    await addInstance('web-2')
    await a.untilServing('web', 2)
    await a.until(async () => {
      const { members } = await clusterOf(a)
      return members.every(({ hash }) => hash !== first.members[0]?.hash)
    }, 'both tell of the change')
    const second = await untilSame(b, 2)
    const { code } = await b.ask('status', '--cluster')
    expect(code).toBe(0)
    expect(second.counts.failures).toBe(0)
  })

  it('do not set each other going: what one alone does costs the other nothing', async () => {
    await addInstance('web-1')
    await addInstance('web-2')
    await up(a, 'left')
    await up(b, 'right')
    await a.untilServing('web', 2)
    await b.untilServing('web', 2)
    await untilSame(a, 2)
    const before = await clusterOf(b)
    const { hash } = memberOf(before, 'left')
    const [endpoint] = (await a.status()).services[0]?.endpoints ?? []
    const path = `/api/words/${encodeURIComponent(endpoint?.id ?? '')}`
    for (const state of ['drain', 'ready', 'drain']) {
      const { status } = await a.api('POST', path, { state })
      expect(status).toBe(200)
      await untilMember(b, 'left', (left) => (left.hash === hash) === (state === 'ready'))
    }
    await untilMember(b, 'right', ({ verdict }) => verdict.kind === 'differs')
    const after = await clusterOf(b)
    expect(after.counts.writes).toBe(before.counts.writes)
    expect(memberOf(after, 'right').generation).toBe(memberOf(before, 'right').generation)
    expect((await a.ask('status', '--cluster')).code).toBe(1)
  })

  it('show the one that stands still, and that it is back', async () => {
    await addInstance('web-1')
    await up(a, 'left')
    const daemon = await up(b, 'right')
    await untilSame(a, 2)
    await suspend(daemon.pid ?? expect.unreachable())
    try {
      await addInstance('web-2')
      await a.untilServing('web', 2)
      const lagging = await untilMember(a, 'right', ({ verdict }) => verdict.kind === 'lags')
      expect(lagging.state).toBe('passing')
      expect(lagging.verdict.text).toMatch(/catalogue index \d+ < \d+/)
      const away = await untilMember(a, 'right', ({ state }) => state === 'critical')
      expect(away).toMatchObject({ why: 'no heartbeat', verdict: { kind: 'away' } })
    } finally {
      daemon.kill('SIGCONT')
    }
    await untilSame(a, 2)
  })

  it('say who has other settings, and who is pinned', async () => {
    await addInstance('web-1')
    await up(a, 'left')
    const other = await up(b, 'right', '--connect-timeout', '700ms')
    await untilMember(a, 'right', ({ verdict }) => verdict.kind === 'settings')
    await end(other, 'SIGTERM')
    await up(b, 'right')
    await untilSame(a, 2)
    const { stdout } = await b.ask('history', '--json')
    const [oldest] = JSON.parse(stdout) as readonly { readonly id: number }[]
    expect((await b.ask('rollback', String(oldest?.id))).code).toBe(0)
    const right = await untilMember(a, 'right', ({ verdict }) => verdict.kind === 'pinned')
    expect(right.pinnedTo).toBe(oldest?.id)
    await b.ask('unpin')
    await untilSame(a, 2)
  })

  it('serve on while Consul is away, and are all there again, each by one write', async () => {
    const web = await startInstance(consul, 'web', 'web-1')
    servers.push(web)
    await up(a, 'left')
    await up(b, 'right')
    await untilSame(a, 2)
    const load = new Load({ port: a.port, perSecond: 20, host: 'web.localhost', service: 'web' })
    const before = [await clusterOf(a), await clusterOf(b)]
    await consul.stop()
    await a.until(async () => (await clusterOf(a)).error !== '', 'Consul is away')
    const { code, stdout } = await a.ask('status', '--cluster')
    expect(code).toBe(1)
    expect(stdout).toContain('Consul cannot be read')
    await a.until(async () => (await clusterOf(a)).counts.failures > 2, 'it was tried again')
    await consul.startEmpty()
    await register(consul, 'web', 'web-1', web.port)
    await untilSame(a, 2)
    const after = [await clusterOf(a), await clusterOf(b)]
    for (const [index, { counts }] of after.entries()) {
      expect(counts.writes).toBeLessThanOrEqual((before[index]?.counts.writes ?? 0) + 3)
    }
    const { sent, failures } = await load.stop()
    expect(sent).toBeGreaterThan(20)
    expect(failures).toEqual([])
  })
})

describe('two load balancers with a template', () => {
  const templateOf = (port: number) => `defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend web
  bind 127.0.0.1:${port}
  default_backend web
{{- range services}}
backend {{.Name}}
{{- range service .Name}}
  server {{.ID}} {{.Address}}:{{.Port}}
{{- end}}
{{- end}}
`
  it('hold the same hash, and are no services themselves', async () => {
    await addInstance('web-1')
    for (const [stage, name] of [
      [a, 'left'],
      [b, 'right'],
    ] as const) {
      stage.routingFlags = []
      const path = join(stage.folder, 'haproxy.ctmpl')
      await writeFile(path, templateOf(stage.port))
      const registry = ['--registry', `consul://${consul.address}`]
      await stage.up('--name', name, '--docker', 'none', ...registry, '--template', path)
    }
    await untilSame(a, 2)
    const before = memberOf(await clusterOf(b), 'right').hash
    await addInstance('web-2')
    await untilMember(b, 'right', ({ hash }) => hash !== before)
    await untilSame(a, 2)
    const text = await readFile(join(a.stateFolder, 'haproxy.cfg'), 'utf8')
    expect(text.match(/^backend .*/gm)).toEqual(['backend consul', 'backend web'])
  })
})

describe('the end of a load balancer', () => {
  it('is a warning while HAProxy serves on, and takes it away when HAProxy ends', async () => {
    await addInstance('web-1')
    await up(a, 'left')
    const daemon = await up(b, 'right')
    await untilSame(a, 2)
    await end(daemon, 'SIGTERM')
    const right = await untilMember(a, 'right', ({ state }) => state !== 'passing')
    expect(right).toMatchObject({
      state: 'warning',
      why: 'fairlead has ended, its HAProxy serves on',
    })
    const again = await up(b, 'right')
    await untilSame(a, 2)
    await end(again, 'SIGINT')
    await a.until(async () => (await clusterOf(a)).members.length === 1, 'it is taken away')
    expect((await clusterOf(a)).members.map(({ instance }) => instance)).toEqual(['left'])
  })

  it('is neither a service that is routed nor one that is left out', async () => {
    await addInstance('web-1')
    await a.up(...balancing('left', '*', consul))
    await a.untilServing('web', 1)
    await a.until(async () => (await clusterOf(a)).members.length === 1, 'it is registered')
    await deregister(consul, 'web-1')
    await a.untilServing('web', 0)
    const { services, leftOut, registry } = await a.status()
    expect(services.map(({ name }) => name)).toEqual(['web'])
    expect(leftOut).toEqual([])
    expect(registry).toMatchObject({ services: 0 })
  })
})

describe('two load balancers of one name on one machine', () => {
  it('are told apart by nothing, which is a problem on show', async () => {
    await up(a, 'same')
    await up(b, 'same')
    await a.until(
      async () => (await a.status()).problems.some(({ hint }) => hint.includes('--name')),
      'it is a problem',
    )
  })
})
