import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureImage } from '../../scripts/lib/image.mjs'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { until } from './until.ts'

let lab: Lab
let host: Host

beforeAll(async () => {
  lab = await Lab.start({ hosts: 1 })
  host = lab.host(1)
  await ensureImage({ dockerHost: `unix://${host.dockerSocket}` })
}, 300_000)

afterAll(() => lab.close())

afterEach(async () => {
  const ids = await host.docker('ps', '--all', '--quiet')
  if (ids !== '') await host.docker('rm', '--force', '--volumes', ...ids.split('\n'))
  await host.docker('volume', 'prune', '--force')
})

const health = (name: string): Promise<string> =>
  host.docker('inspect', '--format', '{{.State.Health.Status}}', name)

/** How `docker stop` ends a container: its exit code, and whether Docker had to kill it. */
async function stop(name: string): Promise<{ code: string; wasKilled: boolean }> {
  const since = await host.docker('inspect', '--format', '{{.State.StartedAt}}', name)
  await host.docker('stop', '--time', '60', name)
  // Docker takes it for whole seconds when it is told a duration, and then it may be before `since`.
  const soon = new Date(Date.now() + 1000).toISOString()
  const events = ['events', '--since', since, '--until', soon, '--filter', `container=${name}`]
  const format = ['--format', '{{.Action}} {{index .Actor.Attributes "signal"}}']
  const said = (await host.docker(...events, ...format)).split('\n')
  const code = await host.docker('inspect', '--format', '{{.State.ExitCode}}', name)
  return { code, wasKilled: said.includes('kill 9') }
}

describe('the image', () => {
  const once = (entrypoint: string, ...args: string[]): Promise<string> =>
    host.docker('run', '--rm', '--entrypoint', entrypoint, 'fairlead', ...args)

  it('has fairlead, Registrator, consul-template and HAProxy, with versions that go together', async () => {
    const version = /\d+\.\d+\.\d+\+\w+/.exec(
      await host.docker('run', '--rm', 'fairlead', 'version'),
    )
    expect(version).not.toBeNull()
    expect(await once('consul-template', '-v')).toContain(`(fairlead ${version?.[0]}`)
    const registrator = await host.attempt('docker', [
      'run',
      '--rm',
      '--entrypoint',
      'registrator',
      'fairlead',
    ])
    expect(registrator.stderr + registrator.stdout).toContain(`registrator v${version?.[0]}`)
    expect(await once('haproxy', '-v')).toMatch(/^HAProxy version 3\.\d/)
    expect(await once('node', '--version')).toMatch(/^v(20\.(19|[2-9]\d)|2[1-9])\./)
  })

  it('runs as a user of its own, who owns what it writes to and nothing else', async () => {
    expect(await once('id', '-u')).toBe('10001')
    expect(await once('id', '-g')).toBe('10001')
    const script = 'find / -xdev \\( -uid 10001 -o -gid 10001 \\) -not -path "/proc/*" | sort'
    expect((await once('sh', '-c', script)).split('\n')).toEqual([
      '/run/fairlead',
      '/var/lib/fairlead',
    ])
  })

  it('has nothing of the machine that it was made on', async () => {
    const script = 'cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; env'
    const said = await once('sh', '-c', script)
    expect(said).not.toMatch(/proxy/i)
    for (const [, site] of said.matchAll(/https?:\/\/([^/\s]+)/g)) {
      expect(site).toMatch(/^(deb|security)\.debian\.org$/)
    }
  })
})

describe('a container of it', () => {
  const share = ['--volume', 'shared:/run/fairlead'] as const

  async function startHaproxy(...options: string[]): Promise<void> {
    const role = ['--entrypoint', 'fairlead-haproxy', '--stop-signal', 'SIGUSR1']
    await host.docker('run', '-d', '--name', 'haproxy', ...role, ...share, ...options, 'fairlead')
  }

  async function startFairlead(...options: string[]): Promise<void> {
    const network = ['--network', 'container:haproxy', '--health-interval', '300ms']
    const up = ['up', '--haproxy-socket', '/run/fairlead/master.sock', '--docker', 'none']
    const run = ['run', '-d', '--name', 'fairlead', ...network, ...share, ...options]
    await host.docker(...run, 'fairlead', ...up, '--http', '*:80')
  }

  it('as fairlead becomes healthy, and ends at once with 0 while HAProxy serves on', async () => {
    await startHaproxy('--health-interval', '300ms')
    await startFairlead()
    await until('both are healthy', async () => {
      return (await health('haproxy')) === 'healthy' && (await health('fairlead')) === 'healthy'
    })
    expect(await stop('fairlead')).toEqual({ code: '0', wasKilled: false })
    expect(await host.docker('inspect', '--format', '{{.State.Running}}', 'haproxy')).toBe('true')
    expect(await stop('haproxy')).toEqual({ code: '0', wasKilled: false })
  })

  it('as fairlead is unhealthy while there is no HAProxy', async () => {
    await host.docker('run', '-d', '--name', 'haproxy', '--entrypoint', 'sleep', 'fairlead', '999')
    await startFairlead('--health-retries', '1', '--health-start-period', '1ms')
    await until('it is unhealthy', async () => (await health('fairlead')) === 'unhealthy')
  })

  it('as fairlead passes a signal on that comes before it listens for any', async () => {
    await startHaproxy()
    await startFairlead()
    const { wasKilled } = await stop('fairlead')
    expect(wasKilled).toBe(false)
  })

  it('as the demo answers on port 80, healthy or without a check, and ends when it is told', async () => {
    const check = ['--health-interval', '300ms', '--entrypoint', 'demo-server']
    await host.docker('run', '-d', '--name', 'checked', ...check, 'fairlead')
    await host.docker('run', '-d', '--name', 'demo', '--hostname', 'a-name', 'fairlead-demo')
    await until('it is healthy', async () => (await health('checked')) === 'healthy')
    const fetch = `fetch('http://127.0.0.1/').then(async (r) => console.log(await r.text()))`
    await until('the page is there', async () =>
      (await host.docker('exec', 'demo', 'node', '-e', fetch)).includes('<h1>a-name</h1>'),
    )
    expect(await host.docker('inspect', '--format', '{{.State.Health}}', 'demo')).toBe('<nil>')
    expect(await stop('demo')).toEqual({ code: '0', wasKilled: false })
  })

  it('as another program is healthy while it runs', async () => {
    const options = ['--health-interval', '300ms', '--init', '--entrypoint', 'sleep']
    await host.docker('run', '-d', '--name', 'other', ...options, 'fairlead', '999')
    await until('it is healthy', async () => (await health('other')) === 'healthy')
  })

  it('takes in processes that a command of a template leaves behind', async () => {
    const command = `sh -c "(sleep 0.2 &) ; touch /tmp/has-run"`
    const template = `-template '/tmp/a.ctmpl:/tmp/a:${command}' -consul-addr 127.0.0.1:1`
    const script = `echo x > /tmp/a.ctmpl && exec tini -- fairlead template ${template}`
    const run = ['run', '-d', '--name', 'template', '--entrypoint', 'sh', 'fairlead', '-c', script]
    await host.docker(...run)
    const look = 'test -e /tmp/has-run && grep -l sleep /proc/[0-9]*/comm 2>/dev/null | wc -l'
    await until('the command has run, and nothing is left of it', async () => {
      return (await host.docker('exec', 'template', 'sh', '-c', look)) === '0'
    })
  })
})

describe("HAProxy's role", () => {
  it('says in one line what is wrong with a folder that it may not write to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-image-'))
    try {
      expect((await stat(folder)).uid).toBe(0)
      const args = ['run', '--rm', '--entrypoint', 'fairlead-haproxy', '--volume']
      const result = await host.attempt('docker', [...args, `${folder}:/run/fairlead`, 'fairlead'])
      expect(result.code).toBe(1)
      expect(result.stderr.trim()).toBe(
        'fairlead-haproxy: user 10001 cannot write to /run/fairlead: ' +
          'mount a volume that this user owns',
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('starts with a first configuration where the one there is refused, and keeps that', async () => {
    const options = ['--volume', 'shared:/run/fairlead', '--entrypoint', 'fairlead-haproxy']
    const write = ['--volume', 'shared:/run/fairlead', '--entrypoint', 'sh', 'fairlead', '-c']
    await host.docker('run', '--rm', ...write, 'echo nonsense > /run/fairlead/haproxy.cfg')
    await host.docker('run', '-d', '--name', 'haproxy', ...options, 'fairlead')
    const check = ['exec', 'haproxy', 'node', '/opt/fairlead/health.mjs']
    await until('its master has a worker', async () => (await host.docker(...check)) !== '')
    const refused = ['exec', 'haproxy', 'cat', '/run/fairlead/haproxy.cfg.refused']
    expect(await host.docker(...refused)).toBe('nonsense')
  })
})
