import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureImage } from '../../demo/image.ts'
import { whyNoLab } from '../../scripts/lib/lab.mjs'
import { must } from './command.ts'
import { Host } from './host.ts'
import { claimPlace, removePlace } from './leftovers.ts'
import { makeSwitch } from './network.ts'
import { mostHosts, runnerAddress, spareAddresses, type Place } from './place.ts'
import { makeSwarm, type SwarmOptions } from './swarm.ts'

export type LabOptions = {
  /** 3 without; 15 at most. */
  readonly hosts?: number
  /** More flags of dockerd, the same for all or by host; `false`: no Docker at first. */
  readonly dockerFlags?: readonly string[] | ((host: Host) => readonly string[]) | false
}

export type LabConsulOptions = {
  /** The first so many hosts have a server, the others a client agent; all, at most three, without. */
  readonly servers?: number
  /** More of consul-agent's flags, for all. */
  readonly flags?: readonly string[]
}

type Release = () => unknown

/**
 * Several Docker hosts on one switch, on this machine. Several labs may live at once, also of several
 * processes. `close` removes everything; what a killed process left the next start removes.
 */
export class Lab {
  readonly hosts: readonly Host[]
  /** Names of its namespaces, links and control groups begin with it. */
  readonly prefix: string
  /** Its state, with logs in `hostN/`; gone after `close`. */
  readonly folder: string
  /** This process's own address as the hosts see it. */
  readonly runnerAddress: string
  /** Addresses of the hosts' network that nobody has. */
  readonly spareAddresses: readonly string[]
  readonly #place: Place
  readonly #releases: Release[] = []
  #closed: Promise<void> | undefined

  private constructor(place: Place, count: number) {
    this.#place = place
    this.prefix = place.prefix
    this.folder = place.folder
    this.runnerAddress = runnerAddress(place)
    this.spareAddresses = spareAddresses(place)
    this.hosts = Array.from({ length: count }, (_, index) => new Host(place, index + 1))
  }

  /** Starts the hosts, with Docker up. Throws with the reason where no lab can be. */
  static async start({ hosts = 3, dockerFlags = [] }: LabOptions = {}): Promise<Lab> {
    const reason = whyNoLab()
    if (reason !== undefined) throw new Error(`no lab here: ${reason}`)
    if (hosts < 1 || hosts > mostHosts) throw new Error(`a lab has 1 to ${mostHosts} hosts`)
    const lab = new Lab(await claimPlace(), hosts)
    try {
      await makeSwitch(lab.#place)
      await lab.each(async (host) => {
        await host.powerOn()
        const flags = typeof dockerFlags === 'function' ? dockerFlags(host) : dockerFlags
        if (flags !== false) await host.startDocker(flags)
      })
      return lab
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  /** Host `number`, from 1. */
  host(number: number): Host {
    const host = this.hosts[number - 1]
    if (host === undefined) throw new Error(`the lab has ${this.hosts.length} hosts`)
    return host
  }

  /** Does the same on all hosts at once. */
  each<T>(work: (host: Host) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(this.hosts.map(work))
  }

  /** One swarm of all hosts, with the attachable overlay network `apps`. */
  swarm(options: SwarmOptions = {}): Promise<void> {
    return makeSwarm(this.#place, this.hosts, options)
  }

  /** One Consul cluster, an agent on each host; resolves when each of them knows the leader. */
  async consul({ servers = Math.min(3, this.hosts.length), flags = [] }: LabConsulOptions = {}) {
    const numbers = this.hosts.slice(0, servers).map(({ number }) => number)
    await this.each((host) => host.startConsul({ servers: numbers, flags }))
  }

  /**
   * Loads an image on all hosts: one of this machine's own Docker by its name, or of a file that
   * `docker save` made.
   */
  async loadImage(image: string | { readonly tar: string }): Promise<void> {
    const tar = typeof image === 'string' ? await this.#saved(image) : image.tar
    await this.each((host) => host.docker('load', '--quiet', '--input', tar))
  }

  /**
   * Makes the image of the demo's web server on all hosts out of this machine's Node, with no other
   * Docker; returns its name. `as`: one more name for it, such as `demo`.
   */
  async importDemo(as?: string): Promise<string> {
    const [image = ''] = await this.each(async (host) => {
      const name = await ensureImage(host.dockerApi, () => {})
      if (as !== undefined) await host.docker('tag', name, as)
      return name
    })
    return image
  }

  /** Splits the hosts in two: no packet of the one side reaches the other; this process reaches all. */
  async partition(side: readonly Host[]): Promise<void> {
    const others = this.hosts.filter((host) => !side.includes(host))
    await Promise.all([
      ...side.map((host) => host.partition(others)),
      ...others.map((host) => host.partition(side)),
    ])
  }

  /** Cuts the overlay networks' data path between the hosts of this side and the others. */
  async cutOverlay(side: readonly Host[]): Promise<void> {
    const others = this.hosts.filter((host) => !side.includes(host))
    await Promise.all([
      ...side.map((host) => host.cutOverlay(others)),
      ...others.map((host) => host.cutOverlay(side)),
    ])
  }

  /** Ends `partition` and `cutOverlay`. */
  async heal(): Promise<void> {
    await this.each(async (host) => {
      await host.heal()
      await host.healOverlay()
    })
  }

  /** Called by `close` first, the last one first. */
  onClose(release: Release): void {
    this.#releases.push(release)
  }

  /** Removes everything; throws with what is left. A second call does nothing. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const failures: unknown[] = []
    for (const release of [...this.#releases.splice(0).toReversed(), this.#remove]) {
      try {
        await release()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `closing the lab: ${failures.join('; ')}`)
  }

  readonly #remove = (): Promise<void> => removePlace(this.#place)

  async #saved(image: string): Promise<string> {
    const name = createHash('sha256').update(image).digest('hex').slice(0, 12)
    const tar = join(this.folder, `${name}.tar`)
    if (!existsSync(tar)) await must('docker', ['save', '--output', tar, image])
    return tar
  }
}
