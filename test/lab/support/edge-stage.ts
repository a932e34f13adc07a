import { Agent, request } from 'node:http'
import type { StatusReport } from '../../../src/api/contract.ts'
import { giveImages } from '../deploy/give-images.ts'
import type { Host } from '../host.ts'
import { Lab } from '../lab.ts'
import { until } from '../until.ts'
import { ask } from './mixed-load.ts'

const haproxy = 'haproxy'
const fairlead = 'fairlead'
/** Docker maps published ports to the network whose name comes first. */
const ownNetwork = '0-edge'

/**
 * A lab whose first host has HAProxy in a container on the network `0-edge`, with port 80 published,
 * and fairlead in another one that shares its network, unless it is told otherwise.
 */
export class EdgeStage {
  readonly lab: Lab

  private constructor(lab: Lab) {
    this.lab = lab
  }

  static async open(hosts: number): Promise<EdgeStage> {
    const lab = await Lab.start({ hosts })
    try {
      await giveImages(lab)
      return new EdgeStage(lab)
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  get host(): Host {
    return this.lab.host(1)
  }

  /** The published port, from a machine that is none of the hosts. */
  get address(): string {
    return this.host.address
  }

  async startHaproxy(...options: readonly string[]): Promise<void> {
    const volume = ['--volume', 'shared:/run/fairlead', '--publish', '80:80']
    const labels = ['--label', 'fairlead.role=haproxy', '--label', 'fairlead.haproxy=default']
    if (!options.includes('--network')) {
      await this.host.docker('network', 'create', ownNetwork)
      options = ['--network', ownNetwork, ...options]
    }
    const words = ['--detach', '--name', haproxy, ...volume, ...labels, ...options]
    await this.host.docker('run', ...words, '--entrypoint', 'fairlead-haproxy', 'fairlead')
  }

  /** `network`: of fairlead's container; HAProxy's own without. */
  async startFairlead(flags: readonly string[] = [], network = `container:${haproxy}`) {
    const { host } = this
    const group = await host.run('stat', ['-c', '%g', host.dockerSocket])
    const volumes = ['shared:/run/fairlead', 'state:/var/lib/fairlead'].concat(
      `${host.dockerSocket}:/var/run/docker.sock`,
    )
    const name = ['--detach', '--name', fairlead, '--network', network]
    const rights = ['--label', 'fairlead.role=fairlead', '--group-add', group.trim()]
    const mounts = volumes.flatMap((each) => ['--volume', each])
    const up = ['up', '--haproxy-socket', '/run/fairlead/master.sock', '--http', '*:80', ...flags]
    await host.docker('run', ...name, ...rights, ...mounts, 'fairlead', ...up)
    await until('fairlead answers', async () => (await this.status()).isApplied)
  }

  async status(): Promise<StatusReport> {
    const said = await this.host.docker('exec', fairlead, 'fairlead', 'status', '--json')
    return JSON.parse(said) as StatusReport
  }

  /** What fairlead says of one candidate. */
  explain(name: string): Promise<string> {
    return this.host.docker('exec', fairlead, 'fairlead', 'explain', name)
  }

  /** kill -9 of fairlead, which is removed with it. */
  async killFairlead(): Promise<void> {
    await this.host.docker('rm', '--force', fairlead)
  }

  logs(): Promise<string> {
    return this.host.docker('logs', fairlead)
  }

  /** The website `NAME.example`, a service of its own, on a network of any host. */
  async startWeb(
    name: string,
    network: string,
    { host = this.host, options = [] }: { host?: Host; options?: readonly string[] } = {},
  ): Promise<void> {
    const label = `fairlead.host=${name}.example`
    const own = ['--env', `SERVICE_NAME=${name}`, '--network', network]
    const words = ['--detach', '--name', name, '--hostname', name, ...own]
    await host.docker('run', ...words, '--label', label, ...options, 'fairlead-demo')
  }

  async answers(name: string): Promise<boolean> {
    const { status, body } = await ask({ ...this.to(name) })
    return status === 200 && body.includes(`<h1>${name}</h1>`)
  }

  to(name: string): { address: string; port: number; host: string } {
    return { address: this.address, port: 80, host: `${name}.example` }
  }

  untilAnswered(name: string): Promise<void> {
    return until(`${name} answers`, () => this.answers(name))
  }

  /** Names of a container's networks, sorted. */
  async networksOf(container = haproxy): Promise<readonly string[]> {
    const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}'
    const said = await this.host.docker('inspect', '--format', format, container)
    return said.trim().split(' ').toSorted()
  }

  async untilOn(networks: readonly string[], container = haproxy): Promise<void> {
    const wanted = networks.toSorted().join(' ')
    await until(`${container} is on ${wanted}`, async () => {
      return (await this.networksOf(container)).join(' ') === wanted
    })
  }

  /** Tells runs of HAProxy's container apart: its first process, and how often Docker restarted it. */
  haproxyRun(): Promise<string> {
    return this.host.docker('inspect', '--format', '{{.State.Pid}} {{.RestartCount}}', haproxy)
  }

  /** Removes all containers, volumes and networks of the first host. */
  async reset(): Promise<void> {
    const { host } = this
    const ids = await host.docker('ps', '--all', '--quiet')
    if (ids !== '') await host.docker('rm', '--force', ...ids.split('\n'))
    const volumes = await host.docker('volume', 'ls', '--quiet')
    if (volumes !== '') await host.docker('volume', 'rm', ...volumes.split('\n'))
    await host.docker('network', 'prune', '--force')
  }

  close(): Promise<void> {
    return this.lab.close()
  }
}

/** Connections that are kept open, each asked again as soon as it has answered. */
export class KeptConnections {
  readonly #ending = new AbortController()
  readonly #loops: Promise<void>[]
  readonly failures: string[] = []
  answered = 0

  constructor(to: { address: string; port: number; host: string }, count: number) {
    this.#loops = Array.from({ length: count }, () => this.#loop(to))
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#loops)
  }

  async #loop(to: { address: string; port: number; host: string }): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#ending.signal.aborted) {
      try {
        await getOnce(to, agent)
        this.answered += 1
      } catch (error) {
        this.failures.push(String(error))
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    agent.destroy()
  }
}

function getOnce(to: { address: string; port: number; host: string }, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { host: to.host }
    const options = { host: to.address, port: to.port, headers, agent, timeout: 10_000 }
    const outgoing = request(options, (answer) => {
      answer.resume()
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
      )
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for ten seconds')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}
