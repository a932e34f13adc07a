import { ownContainerIds } from './discovery/docker/own-container.ts'
import { dockerSourceName } from './discovery/docker/provider.ts'
import type { Candidate, SourceState } from './model/candidate.ts'
import type { Endpoint } from './model/endpoint.ts'
import { FairleadError, messageOf } from './model/errors.ts'
import type { Problem } from './model/problem.ts'
import type { Snapshot } from './model/snapshot.ts'
import { isLoopbackAddress } from './api/guard.ts'
import type { Joining, NetworkRef } from './networks/contract.ts'
import { FoundByAddress } from './networks/found-by-address.ts'
import { HomeWatch } from './networks/home-watch.ts'
import { Joiner } from './networks/joiner.ts'
import { mayHaveLabelled } from './networks/labelled.ts'
import type { NetworkDetails } from './networks/rules.ts'
import { Subnets } from './networks/subnets.ts'
import type { PipelineState } from './pipeline/contract.ts'
import type { ProbeWay } from './readiness/prober.ts'
import { serversInUse, showServerStatisticsCommand } from './haproxy/runtime/servers-in-use.ts'
import { showServersCommand } from './haproxy/runtime/servers.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
import type { RoutingResult } from './routing/contract.ts'
import { selectOf } from './routing/select.ts'
import type { Settings } from './settings/settings.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'

/** Networks on which an address means the same on every host. */
const clusterDrivers = ['overlay']
/** What nothing outside of containers reaches. */
const hiddenDrivers = ['overlay', 'macvlan', 'ipvlan']
const consulEndpoints = 'consul'

export type NetworksParts = {
  readonly settings: Settings
  readonly haproxy: Pick<HaproxyInstance, 'isRunning' | 'isOurs' | 'execute'>
  readonly clock: Clock
  readonly log: Logger
}

/** The networks of HAProxy's container, for the whole daemon. */
export class DaemonNetworks implements Joining {
  readonly #settings: Settings
  readonly #haproxy: NetworksParts['haproxy']
  readonly #ownIds: ReadonlySet<string>
  readonly #watch: HomeWatch
  readonly #byAddress: FoundByAddress
  readonly networks: Joiner
  readonly #log: Logger
  /** Sources that have not given a full list yet; undefined: not known. */
  #unspoken: () => readonly Pick<SourceState, 'source'>[] | undefined = () => undefined
  #ending = AbortSignal.abort()
  /** Addresses of Consul's endpoints that are of no network the daemon has listed. */
  #strangers: ReadonlySet<string> = new Set()
  /** Those of them that were seen not to accept connections yet. */
  readonly #tried = new Set<string>()
  /**
   * Those that then did: HAProxy reaches them without any overlay, and they are of none, though the
   * subnet of one that comes later has them. Not those that an earlier process has found to accept.
   */
  readonly #elsewhere = new Set<string>()
  /** Those that the newest pass has been gone through with. */
  #listed: ReadonlyMap<string, NetworkDetails> | undefined
  /** Of the last pass. */
  #newest: Pick<PipelineState, 'routing' | 'snapshot'> | undefined
  /** What Consul's sources have said was gone through at least once. */
  #hasFollowed = false

  private constructor(parts: NetworksParts, ownIds: ReadonlySet<string>) {
    const { settings, clock, log } = parts
    this.#settings = settings
    this.#haproxy = parts.haproxy
    this.#ownIds = ownIds
    this.#log = log
    this.networks = new Joiner({
      instance: settings.name,
      rules: {
        isOn: settings.joinNetworks === 'on',
        only: settings.joinOnly,
        never: settings.neverJoin,
      },
      clock,
      log,
      isInUse: (subnets) => this.#isInUse(subnets),
      areWantsComplete: (of) => this.#areWantsComplete(of),
      look: (signal, withNetworks) => this.#watch.look(signal, withNetworks),
    })
    this.#watch = new HomeWatch({
      instance: settings.name,
      named: settings.haproxyContainer,
      hosts: settings.docker,
      ownIds,
      isAttached: settings.haproxySocket !== undefined,
      isServing: parts.haproxy.isRunning,
      clock,
      onUpdate: (around) => {
        this.networks.update(around)
        // Addresses may be of other networks than before.
        if (around.details !== this.#listed) this.#followNewest()
        this.#listed = around.details
      },
    })
    this.#byAddress = new FoundByAddress(() => this.#watch.details)
  }

  /** Undefined: HAProxy is a process of this machine, whatever Docker says. */
  static async open(
    parts: NetworksParts,
    ids?: ReadonlySet<string>,
  ): Promise<DaemonNetworks | undefined> {
    const { settings, haproxy } = parts
    const ownIds = ids ?? (await ownContainerIds())
    const isKnownContainer = settings.haproxyContainer !== undefined || ownIds.size > 0
    if (settings.docker.length === 0) return undefined
    if (isKnownContainer) return new DaemonNetworks(parts, ownIds)
    if (settings.haproxySocket === undefined) return undefined
    // One that runs, and is in none of the local containers, is a process of this machine for good.
    const mayBe = await mayHaveLabelled(settings, !haproxy.isRunning)
    return mayBe ? new DaemonNetworks(parts, ownIds) : undefined
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#watch.ready(signal)
  }

  isHome(dockerUrl: string): boolean {
    return this.#watch.isHome(dockerUrl)
  }

  gateway(): string | undefined {
    return this.#watch.home?.gateway
  }

  /** Templates say themselves what gets requests: everything that they may name does. */
  isOffered(candidate: Candidate): boolean {
    const { templates, route } = this.#settings
    if (templates.length > 0) return candidate.endpoints.length > 0
    return [...selectOf(candidate, route).byEndpoint.values()].some(({ isRouted }) => isRouted)
  }

  /** How the prober finds out about an endpoint. */
  wayOf(endpoint: Endpoint): ProbeWay {
    if (!this.networks.isInContainer) return 'probe'
    if (this.#isHeld(endpoint)) return 'hold'
    return this.#isOutOfSight(endpoint) ? 'trust' : 'probe'
  }

  /**
   * Runs until the signal aborts. `onChange` is called when endpoints may be found out about that
   * could not be before.
   */
  async run(options: {
    readonly unspoken: () => readonly Pick<SourceState, 'source'>[]
    readonly onChange: (what: string) => void
    readonly signal: AbortSignal
  }): Promise<void> {
    const { onChange, signal } = options
    this.#unspoken = options.unspoken
    this.#ending = signal
    const unfollow = this.networks.onChange(() => onChange("HAProxy's networks changed"))
    try {
      await Promise.all([this.#watch.run(signal), this.networks.run(signal)])
    } finally {
      unfollow()
    }
  }

  /** A pass of the pipeline is done: networks may be left, others may be wanted. */
  passed(state: Pick<PipelineState, 'routing' | 'snapshot'>): void {
    this.#newest = state
    this.#followNewest()
    this.networks.poke()
  }

  #followNewest(): void {
    const { routing, snapshot } = this.#newest ?? {}
    if (routing !== undefined && snapshot !== undefined && this.#settings.registry !== undefined)
      this.#follow(routing, snapshot)
  }

  /** `down`: nothing that was joined stays so, but by a HAProxy that somebody else ends: it serves on. */
  async end(ending: 'leave' | 'down' | undefined): Promise<void> {
    if (ending === 'down') await this.networks.leaveAll({ isServing: !this.#haproxy.isOurs })
  }

  /** What is routed of Consul wants the overlay networks that its addresses are of. */
  #follow(routing: RoutingResult, snapshot: Snapshot): void {
    if (!this.networks.isInContainer) return
    const { placements } = routing
    const { services } = snapshot
    const unproven = new Set(routing.unproven)
    const keys = new Set<string>()
    const strangers = new Set<string>()
    for (const endpoint of [...services.values()].flatMap(({ endpoints }) => endpoints)) {
      if (placements.get(endpoint.id)?.isRouted !== true) continue
      const network = this.#overlayOf(endpoint.address)
      if (network === undefined) {
        strangers.add(endpoint.address)
        if (unproven.has(endpoint)) this.#tried.add(endpoint.address)
        else if (this.#tried.has(endpoint.address)) this.#elsewhere.add(endpoint.address)
        continue
      }
      keys.add(endpoint.id)
      this.networks.want(consulEndpoints, endpoint.id, network)
    }
    keepOnly(this.#tried, strangers)
    keepOnly(this.#elsewhere, strangers)
    this.networks.keepOnly(consulEndpoints, keys)
    const areNew = [...strangers].some((address) => !this.#strangers.has(address))
    this.#strangers = strangers
    if (areNew) void this.#listAnew()
    this.#hasFollowed ||= this.#unspoken()?.length === 0
  }

  problems(): readonly Problem[] {
    return [...this.#watch.problems(), ...this.networks.problems()]
  }

  /**
   * Whether the admin API may be asked at this address of its own. Not at one on a network that was
   * joined for others' sake, nor, in a container, at one of which that is not known yet.
   */
  isForAdmin(localAddress: string): boolean {
    if (this.#ownIds.size === 0 || isLoopbackAddress(localAddress)) return true
    const plain = localAddress.replace(/^::ffff:(?=\d+\.)/i, '')
    const { home, ownAddresses } = this.#watch
    const known = ownAddresses.find(({ address }) => address === plain)
    if (known !== undefined) return !known.isOurs
    if (home === undefined) return this.#watch.isSettled
    if (!home.isApart || home.ownAddresses === undefined) return true
    // Where Docker sends published ports of a container that is on overlays only; it lists no such
    // endpoint, and lets no other container connect there.
    return this.#byAddress.networkOf(plain)?.name === 'docker_gwbridge'
  }

  /** An address that is of no known network may be of one that was made since: nothing tells of that. */
  async #listAnew(): Promise<void> {
    try {
      await this.#watch.look(this.#ending, true)
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      this.#log.warn(messageOf(error))
    }
  }

  /** `local`: another host that does not answer has nothing on this daemon's own networks. */
  #areWantsComplete(of: 'all' | 'local'): boolean {
    const unspoken = this.#unspoken()
    if (unspoken === undefined) return false
    const { registry, docker } = this.#settings
    const others = new Set(docker.filter(({ url }) => !this.isHome(url)).map(dockerSourceName))
    if (of === 'local') return unspoken.every(({ source }) => others.has(source))
    return unspoken.length === 0 && (registry === undefined || this.#hasFollowed)
  }

  async #isInUse(subnets: readonly string[]): Promise<boolean> {
    if (!this.#haproxy.isRunning) return false
    const commands = [showServersCommand(), showServerStatisticsCommand]
    const [servers = '', statistics = ''] = await this.#haproxy.execute(commands)
    const within = new Subnets(subnets)
    return serversInUse(servers, statistics).some(({ address }) => within.has(address))
  }

  #isHeld({ address }: Endpoint): boolean {
    if (this.#settings.registry === undefined) return false
    const network = this.#overlayOf(address)
    // Where HAProxy is not to be, or cannot be, its own connections may get there in another way.
    return network !== undefined && this.networks.reachOf(network).kind === 'joining'
  }

  #overlayOf(address: string): NetworkRef | undefined {
    if (this.#elsewhere.has(address)) return undefined
    return this.#byAddress.networkOf(address, clusterDrivers)
  }

  /** Fairlead's own connections do not get there: another network namespace than HAProxy's. */
  #isOutOfSight({ address }: Endpoint): boolean {
    // One that fairlead has started is where fairlead is.
    if (this.#haproxy.isOurs) return false
    const home = this.#watch.home
    if (home === undefined) return false
    const isBeside = home.own !== undefined
    if (!isBeside && this.#ownIds.size > 0) return false
    const network = this.#byAddress.networkOf(address, isBeside ? undefined : hiddenDrivers)
    if (network === undefined || !home.haproxy.attached.has(network.id)) return false
    return home.own === undefined || !home.own.attached.has(network.id)
  }
}

function keepOnly(some: Set<string>, kept: ReadonlySet<string>): void {
  for (const each of some) if (!kept.has(each)) some.delete(each)
}
