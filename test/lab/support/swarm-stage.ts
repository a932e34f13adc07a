import { closeSync, cpSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EndpointReport, Explanation, StatusReport } from '../../../src/api/contract.ts'
import { call } from '../../../demo/http.ts'
import { importImage, nodeFiles, nodeFlags } from '../../../demo/image.ts'
import { program } from '../../e2e/support/build.ts'
import { Load } from '../../e2e/support/load.ts'
import type { HostProcess } from '../host-process.ts'
import type { Host } from '../host.ts'
import { Lab } from '../lab.ts'
import { until } from '../until.ts'

const serverFile = fileURLToPath(new URL('../../e2e/support/server.mjs', import.meta.url))
const network = 'apps'
const image = 'acme/web'
const balancer = 'balancer'

/**
 * A swarm of a lab with `fairlead up --swarm` on its first host, a manager: with its HAProxy in the
 * network of a container that publishes port 80, which at first is on no overlay network.
 */
export class SwarmStage {
  readonly lab: Lab
  readonly stateFolder: string
  fairlead: HostProcess | undefined

  private constructor(lab: Lab) {
    this.lab = lab
    this.stateFolder = join(lab.folder, 'fairlead')
  }

  static async open(options: { readonly hosts: number; readonly managers: number }) {
    const lab = await Lab.start({ hosts: options.hosts })
    const stage = new SwarmStage(lab)
    try {
      // Whoever builds the program meanwhile does not change what runs here.
      cpSync(dirname(program), join(lab.folder, 'dist'), { recursive: true })
      await lab.swarm({ managers: options.managers })
      await lab.each((each) => giveImage(each))
      return stage
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  get manager(): Host {
    return this.lab.host(1)
  }

  /**
   * Keeps every host on the overlay network, by a container that is no service. Docker now and then
   * does not find the way to other hosts' containers any more where a host has left an overlay and is
   * on it again seconds later, which tests of services one after the other bring about.
   */
  async holdNetwork(): Promise<void> {
    const idle = ['--entrypoint', '/bin/node', image, '-e', 'setInterval(() => {}, 1e6)']
    const words = ['run', '--detach', '--network', network, '--env', 'SERVICE_IGNORE=1']
    await this.lab.each((each) => each.docker(...words, ...idle))
  }

  /** In a container, or as a process of its host. */
  async startFairlead(where: 'container' | 'host', ...flags: readonly string[]): Promise<void> {
    const inContainer = where === 'container'
    if (inContainer) {
      const idle = ['--entrypoint', '/bin/node', image, '-e', 'setInterval(() => {}, 1e6)']
      const words = ['run', '--detach', '--name', balancer, '--label', 'fairlead.role=haproxy']
      await this.manager.docker(...words, '--publish', '80:80', ...idle)
    }
    const bundle = join(this.lab.folder, 'dist', 'fairlead.mjs')
    const source = ['--swarm', '--docker', `unix://${this.manager.dockerSocket}`]
    const serving = ['--state-folder', this.stateFolder, '--http', '*:80', '--admin', 'none']
    const home = inContainer ? ['--haproxy-container', balancer] : []
    const args = [bundle, 'up', ...source, ...serving, '--log-format', 'json', ...home, ...flags]
    const log = openSync(this.#logFile, 'a')
    const options = { stdio: ['ignore', log, log] as ('ignore' | number)[] }
    this.fairlead = inContainer
      ? await this.manager.spawnInContainer(balancer, process.execPath, args, options)
      : this.manager.spawn(process.execPath, args, options)
    closeSync(log)
    const isReady = async (): Promise<boolean> => {
      if (this.fairlead?.isRunning !== true) throw new Error(`fairlead has ended:\n${this.log()}`)
      const { status, body } = await this.#ask('/readyz')
      if (status !== 200) throw new Error(`${body}\n${this.log()}`)
      return true
    }
    await until('fairlead is ready', isReady)
  }

  /** What fairlead has written so far. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8')
  }

  get #logFile(): string {
    return join(this.lab.folder, 'fairlead.log')
  }

  /** Creates a service of the test's web server on the overlay network; resolves when Docker has it. */
  async createService(name: string, ...more: readonly string[]): Promise<void> {
    const words = ['service', 'create', '--detach', '--name', name, '--no-resolve-image']
    const variables = ['--env', `SERVICE=${name}`, '--env', 'MODE=linger']
    await this.manager.docker(...words, '--network', network, ...variables, ...more, image)
  }

  /** With `docker service update --detach`. */
  async updateService(name: string, ...more: readonly string[]): Promise<void> {
    const words = ['service', 'update', '--detach', '--quiet', '--no-resolve-image']
    await this.manager.docker(...words, ...more, name)
  }

  async status(): Promise<StatusReport> {
    return JSON.parse((await this.#ask('/api/status')).body) as StatusReport
  }

  async explain(subject: string): Promise<Explanation> {
    const path = `/api/explain?subject=${encodeURIComponent(subject)}`
    return JSON.parse((await this.#ask(path)).body) as Explanation
  }

  async endpoints(service: string): Promise<readonly EndpointReport[]> {
    const { services } = await this.status()
    return services.find(({ name }) => name === service)?.endpoints ?? []
  }

  /** Names of a service's tasks that get requests and that HAProxy finds up, in order. */
  async serving(service: string): Promise<readonly string[]> {
    const endpoints = await this.endpoints(service)
    return endpoints
      .filter(({ admin, haproxyStatus }) => admin === 'ready' && haproxyStatus.startsWith('UP'))
      .map(({ candidate }) => candidate)
      .toSorted()
  }

  /** Waits until exactly so many tasks of a service get requests, and nothing else is there of it. */
  async untilServing(service: string, count: number): Promise<void> {
    await until(`${count} tasks of ${service} get requests`, async () => {
      const { isApplied } = await this.status()
      const [all, up] = [await this.endpoints(service), await this.serving(service)]
      // A reload may serve already, and be counted only when it is done.
      if (isApplied && all.length === count && up.length === count) return true
      const said = all.map((each) => `${each.candidate} ${each.admin} ${each.haproxyStatus}`)
      throw new Error(said.join(', ') || 'none')
    })
  }

  /** Docker's word on an update that was asked for. */
  async untilUpdate(service: string, state: string): Promise<void> {
    const isSo = async (): Promise<boolean> => {
      const { UpdateStatus } = await this.manager.dockerApi.get<{
        UpdateStatus?: { State: string }
      }>(`/services/${service}`)
      return UpdateStatus?.State === state
    }
    await until(`update of ${service}: ${state}`, isSo, 200_000)
  }

  load(service: string, perSecond = 100): Load {
    const { address } = this.manager
    return new Load({ address, port: 80, perSecond, host: `${service}.localhost`, service })
  }

  async reloads(): Promise<number> {
    return (await this.status()).haproxy.reloads
  }

  async removeService(name: string): Promise<void> {
    await this.manager.docker('service', 'rm', name)
  }

  async stopFairlead(): Promise<void> {
    await this.fairlead?.stop('SIGINT')
    this.fairlead = undefined
  }

  close(): Promise<void> {
    return this.lab.close()
  }

  #ask(path: string) {
    return call({ socketPath: join(this.stateFolder, 'admin.sock') }, 'GET', path, {
      timeoutMs: 10_000,
    })
  }
}

async function giveImage(host: Host): Promise<void> {
  const changes = [
    `ENTRYPOINT ${JSON.stringify(['/bin/node', ...nodeFlags, '/srv/server.mjs'])}`,
    'ENV PATH=/bin UV_THREADPOOL_SIZE=1',
    'EXPOSE 80',
  ]
  const files = nodeFiles(serverFile)
  await importImage(host.dockerApi, { name: image, tag: 'latest', changes, files })
}
