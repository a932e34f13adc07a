import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { webServerImage } from '../bench/stage/images.ts'
import type { Host } from '../test/lab/host.ts'
import { Lab } from '../test/lab/lab.ts'
import { until } from '../test/lab/until.ts'
import { backendName } from '../src/routing/backend-name.ts'
import { difference } from './account.ts'
import { startAgent, startBalancer } from './programs.ts'
import type { Program } from './programs.ts'
import { serversOf } from './watch-servers.ts'

const distribution = fileURLToPath(new URL('../dist', import.meta.url))

/** The service under load, and the host name that leads to it. */
export const service = 'web'
export const backend = backendName(service)
export const host = `${service}.localhost`

const webLabel = 'drill=web'
/** The overlay network, where there is one. */
const network = 'apps'

export type StageOptions = {
  /**
   * `hosts`: plain Docker hosts, published ports, HAProxy a process of its host. `overlay`: a swarm;
   * servers by their addresses on an overlay network, HAProxy in the network of a container on it.
   */
  readonly shape: 'hosts' | 'overlay'
  /** Flags of dockerd. */
  readonly dockerFlags?: readonly string[]
  /** Load balancers, on the first so many hosts; 1 without. */
  readonly balancers?: number
  /** Web servers that `docker run` starts on each host; 2 without. */
  readonly webServers?: number
}

/** A load balancer: fairlead and its HAProxy. */
export type Balancer = {
  readonly host: Host
  readonly stateFolder: string
  /** HOST:PORT of what it serves. */
  readonly address: string
  /** HAProxy's control socket. */
  readonly socketPath: string
  fairlead: Program
}

/** Three hosts with Docker, Consul and an agent each, web servers, and load balancers in front. */
export class DrillStage {
  readonly lab: Lab
  readonly options: StageOptions
  readonly agents = new Map<Host, Program>()
  readonly balancers: Balancer[] = []
  #image = ''
  readonly #webServers: { readonly on: Host; readonly name: string }[] = []

  private constructor(lab: Lab, options: StageOptions) {
    this.lab = lab
    this.options = options
  }

  static async open(options: StageOptions): Promise<DrillStage> {
    const { dockerFlags, shape, balancers = 1, webServers = 2 } = options
    const lab = await Lab.start({ hosts: 3, ...(dockerFlags === undefined ? {} : { dockerFlags }) })
    const stage = new DrillStage(lab, options)
    try {
      // Whoever builds the program meanwhile does not change what runs here.
      cpSync(distribution, join(lab.folder, 'dist'), { recursive: true })
      await Promise.all([lab.consul(), shape === 'overlay' ? lab.swarm() : undefined])
      const [image = ''] = await lab.each(({ dockerApi }) => webServerImage(dockerApi))
      stage.#image = image
      await lab.each(async (each) => {
        await stage.startAgent(each)
        for (let i = 0; i < webServers; i += 1) await stage.runWebServer(each)
      })
      for (const each of lab.hosts.slice(0, balancers)) await stage.#openBalancer(each)
      return stage
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  get bundle(): string {
    return join(this.lab.folder, 'dist', 'fairlead.mjs')
  }

  /** The name of the web servers' image, on every host. */
  get image(): string {
    return this.#image
  }

  get isOverlay(): boolean {
    return this.options.shape === 'overlay'
  }

  /** Host 3: that of the faults, without a load balancer. */
  get victim(): Host {
    return this.lab.host(3)
  }

  get balancer(): Balancer {
    const [first] = this.balancers
    if (first === undefined) throw new Error('there is no load balancer yet')
    return first
  }

  /** Starts one web server more; its name. */
  async runWebServer(on: Host): Promise<string> {
    const name = `${on.name}-${this.webServersOn(on).length + 1}`
    this.#webServers.push({ on, name })
    const ports = this.isOverlay ? ['--network', network] : ['--publish', '80']
    const words = ['run', '--detach', '--name', name, '--hostname', name, '--restart', 'always']
    const labels = ['--label', webLabel]
    await on.docker(...words, ...ports, ...labels, ...webVariables, this.#image)
    return name
  }

  /** Names of those that `runWebServer` started on a host, the oldest first. */
  webServersOn(host: Host): readonly string[] {
    return this.#webServers.filter(({ on }) => on === host).map(({ name }) => name)
  }

  /** A service of the swarm with web servers in place of `runWebServer`. */
  async createService(replicas: number, ...more: readonly string[]): Promise<void> {
    const words = ['service', 'create', '--name', service, '--replicas', String(replicas)]
    const where = ['--network', network, '--endpoint-mode', 'dnsrr', '--no-resolve-image']
    const labels = ['--container-label', webLabel, '--detach']
    const all = [...words, ...where, ...labels, ...webVariables, ...more, this.#image]
    await this.lab.host(1).docker(...all)
  }

  async startAgent(on: Host): Promise<void> {
    const flags = this.isOverlay ? ['-network', network] : ['-ip', on.address]
    this.agents.set(on, await startAgent(on, this.bundle, flags))
  }

  /** Starts fairlead beside the HAProxy of a balancer, which may run. */
  async startFairlead(balancer: Balancer): Promise<void> {
    balancer.fairlead = await this.#fairlead(balancer)
  }

  /** ADDRESS:PORT of every web server that runs on a host that is on, as its Docker says. */
  async wanted(): Promise<readonly string[]> {
    const on = this.lab.hosts.filter(({ isOn }) => isOn)
    return (await Promise.all(on.map((each) => this.addressesOn(each)))).flat()
  }

  /** The same of one host. */
  async addressesOn(on: Host): Promise<readonly string[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [webLabel] }))
    const path = `/containers/json?filters=${filters}`
    const list = await on.dockerApi.get<readonly Listed[]>(path, { timeoutMs: 10_000 })
    return list.flatMap((one) => this.#addressOf(on, one))
  }

  /** Waits until exactly what runs gets requests from each load balancer that is on. */
  async untilRight(timeoutMs: number): Promise<void> {
    const wrong = async ({ socketPath }: Balancer): Promise<string> => {
      const { missing, surplus } = difference(
        await this.wanted(),
        await serversOf(socketPath, backend),
      )
      const words = [...missing.map((a) => `no ${a}`), ...surplus.map((a) => `still ${a}`)]
      return words.join(', ')
    }
    const check = async (): Promise<boolean> => {
      for (const each of this.balancers.filter(({ host }) => host.isOn)) {
        const words = await wrong(each)
        if (words !== '') throw new Error(`${each.host.name} has ${words}`)
      }
      return (await this.wanted()).length > 0
    }
    await until('exactly what runs gets requests', check, timeoutMs)
  }

  close(): Promise<void> {
    return this.lab.close()
  }

  async #openBalancer(on: Host): Promise<void> {
    if (this.isOverlay) {
      const idle = ['--entrypoint', '/bin/node', this.#image, '-e', 'setInterval(() => {}, 1e6)']
      const words = ['run', '--detach', '--name', 'balancer', '--network', network]
      // Else the agent registers it under the image's name.
      const ignored = ['--env', 'SERVICE_IGNORE=true']
      await on.docker(...words, '--publish', '80:80', ...ignored, ...idle)
    }
    const stateFolder = join(on.folder, 'fairlead')
    const socketPath = join(stateFolder, 'haproxy.sock')
    const place = { host: on, stateFolder, address: `${on.address}:80`, socketPath }
    this.balancers.push({ ...place, fairlead: await this.#fairlead(place) })
  }

  #fairlead(place: Omit<Balancer, 'fairlead'>): Promise<Program> {
    const container = this.isOverlay ? 'balancer' : undefined
    return startBalancer(place.host, this.bundle, place.stateFolder, container)
  }

  #addressOf(on: Host, { Ports, NetworkSettings }: Listed): readonly string[] {
    if (!this.isOverlay) {
      const published = Ports.find(({ PublicPort }) => PublicPort !== undefined)
      return published === undefined ? [] : [`${on.address}:${published.PublicPort}`]
    }
    const address = NetworkSettings.Networks[network]?.IPAddress ?? ''
    return address === '' ? [] : [`${address}:80`]
  }
}

// The check by path, since a hanging program still lets the kernel accept connections.
const variables = [
  `SERVICE=${service}`,
  'MODE=linger',
  `SERVICE_NAME=${service}`,
  'SERVICE_TAGS=fairlead.check=/',
]
const webVariables = variables.flatMap((each) => ['--env', each])

type Listed = {
  readonly Ports: readonly { readonly PublicPort?: number }[]
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string } | undefined>>
  }
}
