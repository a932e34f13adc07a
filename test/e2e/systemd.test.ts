import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DockerProxy } from '../support/docker-proxy.ts'
import { FakeDocker } from '../support/fake-docker.ts'
import { serve } from '../support/plain-servers.ts'
import type { TestServer } from '../support/plain-servers.ts'
import { SystemdHost } from '../support/systemd-host.ts'
import { program } from './support/build.ts'
import { get, Load } from './support/load.ts'

const deploy = (path: string): string =>
  fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url))
const units = '/etc/systemd/system'

/** What README.md of deploy/systemd installs, and where. */
const installed: readonly (readonly [path: string, from: string])[] = [
  ['/opt/fairlead/fairlead.mjs', program],
  ['/opt/fairlead/chunks', join(dirname(program), 'chunks')],
  ['/opt/fairlead/fairlead-haproxy', deploy('bin/fairlead-haproxy')],
  ['/opt/fairlead/docker-socket-proxy.cfg', deploy('docker-socket-proxy/haproxy.cfg')],
  ['/usr/lib/sysusers.d/fairlead.conf', deploy('systemd/fairlead.sysusers.conf')],
]
const pair = ['fairlead', 'fairlead-haproxy', 'fairlead-docker-filter']

/** A port that only root, or who has the capability, may listen on. */
async function lowPort(): Promise<number> {
  for (let port = 1023; port > 600; port -= 1) {
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
  throw new Error('no low port is free')
}

describe('under systemd', () => {
  let host: SystemdHost
  let docker: FakeDocker
  let proxy: DockerProxy
  let port: number
  const servers: TestServer[] = []

  beforeEach(async () => {
    docker = new FakeDocker()
    await docker.start()
    port = await lowPort()
  })

  afterEach(async () => {
    await host?.close()
    await proxy?.close()
    await docker.stop()
    for (const server of servers.splice(0)) await server.close()
  })

  /** A machine with the units, Docker, and one container that serves. */
  async function install(files: readonly (readonly [string, string])[]): Promise<void> {
    host = await SystemdHost.start(new Map([...installed, ...files]))
    proxy = new DockerProxy(join(host.folder, 'docker.sock'), docker.socketPath)
    await proxy.open()
    await run('web-1')
    const logs = pair.map(
      (
        name,
      ) => `mkdir -p ${units}/${name}.service.d; cat > ${units}/${name}.service.d/log.conf <<END
[Service]
StandardOutput=append:${host.folder}/${name}.log
StandardError=append:${host.folder}/${name}.log
END`,
    )
    await host.must(`set -e
      getent group docker > /dev/null || groupadd --system docker
      systemd-sysusers
      chgrp docker ${host.folder}/docker.sock
      chmod 660 ${host.folder}/docker.sock
      ln -s ${host.folder}/docker.sock /run/docker.sock
      mkdir -p /etc/fairlead /var/run
      echo "http: ['127.0.0.1:${port}']" > /etc/fairlead/fairlead.yaml
      echo FAIRLEAD_DEFAULT_SERVICE=web > /etc/fairlead/environment
      echo FAIRLEAD_ADMIN=none >> /etc/fairlead/environment
      ${logs.join('\n')}
      systemctl daemon-reload`)
  }

  /** A container of the service web, as far as Docker tells; a web server of this process. */
  async function run(name: string): Promise<void> {
    const body = JSON.stringify({ hostname: name, service: 'web' })
    const server = await serve((_, response) => void response.end(body))
    servers.push(server)
    const labels = {
      'com.docker.compose.service': 'web',
      'fairlead.port': String(server.port),
    }
    const networks = { bridge: '127.0.0.1' }
    docker.run({ id: name, name, labels, networks, ports: [`${server.port}/tcp`] })
  }

  const pidOf = async (unit: string): Promise<number> =>
    Number(await host.must(`systemctl show --value --property MainPID ${unit}`))

  async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const endAt = performance.now() + 60_000
    while (!(await isTrue())) {
      if (performance.now() > endAt)
        throw new Error(`waited in vain: ${what}\n${await host.logs()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Which container answers; empty when none does. */
  const answering = (): Promise<string> =>
    get({ port }).then(
      ({ status, body }) => (status === 200 ? String(JSON.parse(body).hostname) : ''),
      () => '',
    )
  const isReady = async (): Promise<boolean> =>
    (await host.run('/usr/bin/node /opt/fairlead/fairlead.mjs status')).code === 0

  it('restarts of fairlead cost no request, and HAProxy goes on for itself', async () => {
    await install(
      pair.map((name) => [`${units}/${name}.service`, deploy(`systemd/${name}.service`)]),
    )
    expect(await host.must(`systemd-analyze verify --man=no ${units}/fairlead*.service`)).toBe('')

    await host.must('systemctl start fairlead')
    await until('it serves', async () => (await answering()) === 'web-1')
    const haproxy = await pidOf('fairlead-haproxy')
    const load = new Load({ port, perSecond: 100 })

    const killed = await pidOf('fairlead')
    await host.must(`kill -9 ${killed}`)
    await until(
      'systemd starts it again',
      async () => ![0, killed].includes(await pidOf('fairlead')),
    )
    await until('it is ready', isReady)
    await run('web-2')
    await until('the new container serves', async () => (await answering()) === 'web-2')
    await host.must('systemctl restart fairlead')
    await until('it is ready', isReady)
    docker.die('web-1')
    await host.must('systemctl stop fairlead; systemctl reload fairlead-haproxy')
    expect(await answering()).toMatch(/^web-/)
    await host.must('systemctl start fairlead')
    await until('it is ready', isReady)

    const { sent, failures } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(100)
    expect(await pidOf('fairlead-haproxy')).toBe(haproxy)

    // As after a boot: the last configuration serves before fairlead has come.
    await host.must('systemctl stop fairlead fairlead-haproxy; systemctl start fairlead-haproxy')
    await until('it serves', async () => (await answering()) === 'web-2')
    await host.must(
      'systemctl stop fairlead-haproxy; echo nonsense > /var/lib/fairlead/haproxy/haproxy.cfg',
    )
    await host.must('systemctl start fairlead')
    await until('it serves', async () => (await answering()) === 'web-2')
  })

  it('they have no more rights than they need', async () => {
    await install(
      pair.map((name) => [`${units}/${name}.service`, deploy(`systemd/${name}.service`)]),
    )
    await host.must('systemctl start fairlead')
    await until('it serves', async () => (await answering()) === 'web-1')
    const group = Number((await host.must('getent group docker')).split(':')[2])
    const status = async (unit: string) => {
      const text = await host.must(`cat /proc/${await pidOf(unit)}/status`)
      const field = (name: string): string =>
        new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
      return {
        isRoot: field('Uid').startsWith('0'),
        capabilities: Number.parseInt(field('CapEff'), 16),
        mayGain: Number.parseInt(field('CapBnd'), 16),
        noNewPrivileges: field('NoNewPrivs'),
        seccomp: field('Seccomp'),
        mayUseDocker: field('Groups').split(' ').includes(String(group)),
      }
    }
    const bindService = 1 << 10
    const common = { isRoot: false, noNewPrivileges: '1', seccomp: '2' }
    const port80 = { ...common, capabilities: bindService, mayGain: bindService }
    expect(await status('fairlead')).toEqual({ ...port80, mayUseDocker: false })
    expect(await status('fairlead-haproxy')).toEqual({ ...port80, mayUseDocker: false })
    expect(await status('fairlead-docker-filter')).toEqual({
      ...common,
      capabilities: 0,
      mayGain: 0,
      mayUseDocker: true,
    })
    // What fairlead may ask is asked, and what it may not is refused.
    const ask = (words: string): Promise<string> =>
      host.must(
        `curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/fairlead-docker-filter/docker.sock ${words}`,
      )
    expect(await ask('http://docker/info')).toBe('200')
    expect(await ask('-X POST http://docker/containers/create')).toBe('403')
    const socket = '/run/fairlead-docker-filter/docker.sock'
    expect(await host.must(`stat -c '%a %G' ${socket}`)).toBe('660 fairlead')
  })

  it('fairlead alone leaves its HAProxy serving, and takes it over again', async () => {
    await install([[`${units}/fairlead.service`, deploy('systemd/single/fairlead.service')]])
    expect(await host.must(`systemd-analyze verify --man=no ${units}/fairlead.service`)).toBe('')
    await host.must('systemctl start fairlead')
    await until('it serves', async () => (await answering()) === 'web-1')
    await until('it is ready', isReady)
    const masterOf = async (): Promise<unknown> => {
      const text = await host.must('cat /var/lib/fairlead/default/running.json')
      return (JSON.parse(text) as { masterPid: number }).masterPid
    }
    const master = await masterOf()
    const load = new Load({ port, perSecond: 100 })
    await host.must(`kill -9 ${await pidOf('fairlead')}`)
    await until('it is ready', isReady)
    await host.must('systemctl restart fairlead')
    await until('it is ready', isReady)
    await host.must('systemctl stop fairlead')
    expect(await answering()).toBe('web-1')
    await host.must('systemctl start fairlead')
    await until('it is ready', isReady)
    expect((await load.stop()).failures).toEqual([])
    expect(await masterOf()).toBe(master)
    await host.must('/usr/bin/node /opt/fairlead/fairlead.mjs down')
    await until('HAProxy has ended', async () => (await answering()) === '')
  })
})
