import { DockerError } from '../discovery/docker/docker-error.ts'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import type { Logger } from '../support/log.ts'
import type { Gone, HaproxyNetworks, NetworkReach, NetworkRef } from './contract.ts'
import { decide, failureKey, reachOf, unknownNetworks } from './decide.ts'
import type { Failure, JoinState, ReachState, Step } from './decide.ts'
import type { FoundHome } from './home.ts'
import { markOption } from './home.ts'
import { isThereAlready, refusalOf } from './refusal.ts'
import type { JoinRules, NetworkDetails } from './rules.ts'
import { Wants } from './wants.ts'

/** Docker, as far as it is asked to change something. Throws DockerError. */
export type NetworkControl = {
  connectNetwork(
    network: string,
    container: string,
    driverOptions: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void>
  disconnectNetwork(network: string, container: string, signal?: AbortSignal): Promise<void>
}

/** What is known of the daemon that HAProxy's container is on. */
export type Surroundings = {
  readonly home: FoundHome
  readonly details: ReadonlyMap<string, NetworkDetails>
  readonly control: NetworkControl
}

export type JoinerOptions = {
  readonly instance: string
  readonly rules: JoinRules
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** HAProxy has a server with an address in one of these networks (CIDR) that may be in use. */
  readonly isInUse: (subnets: readonly string[]) => Promise<boolean>
  /** All sources, or those that know this daemon's own networks, have said once what they have. */
  readonly areWantsComplete: (of: 'all' | 'local') => boolean
  /** Asks Docker anew; `update` has been called with the answer when it resolves. Throws DockerError. */
  readonly look: (signal: AbortSignal, withNetworks: boolean) => Promise<void>
}

const firstRetryMs = 1_000
const lastRetryMs = 60_000
/** How long to wait, first and at last, while servers on a network that is to be left are in use. */
const firstInUseMs = 50
const lastInUseMs = 500

/**
 * Keeps HAProxy's container on the networks where something is wanted. One change at a time, each
 * decided anew from what Docker says now; what Docker refuses is tried again after 1 s to 60 s, and
 * when something new is wanted there.
 */
export class Joiner implements HaproxyNetworks {
  readonly #options: JoinerOptions
  readonly #wants = new Wants()
  readonly #failures = new Map<
    string,
    Failure & { kind: Step['kind']; count: number; triedAtMs: number }
  >()
  readonly #leaving = new Set<string>()
  readonly #listeners = new Set<(networkId: string | undefined) => void>()
  /** What `reachOf` answers, by network id, as it was told last. */
  readonly #told = new Map<string, string>()
  /** Networks that the daemon was asked about and does not list. */
  readonly #unlisted = new Set<string>()
  #around: Surroundings | undefined
  /** Docker could not be asked after a change: nothing more is done until it has answered. */
  #isStale = false
  #lookAtMs = 0
  readonly #staleBackoff = new Backoff(firstRetryMs, lastRetryMs)
  readonly #inUseBackoff = new Backoff(firstInUseMs, lastInUseMs)
  #wake: (() => void) | undefined
  #isPoked = false

  constructor(options: JoinerOptions) {
    this.#options = options
  }

  get isInContainer(): boolean {
    return this.#around?.home.isApart === true
  }

  /** Asked for each attachment of each container and each endpoint: it costs no look at all wants. */
  reachOf(network: NetworkRef): NetworkReach {
    const state = this.#reachState()
    if (state === undefined) return { kind: 'reached' }
    const reach = reachOf(network, state)
    this.#told.set(network.id, JSON.stringify(reach))
    return reach
  }

  want(source: string, key: string, network: NetworkRef): void {
    if (!this.#wants.want(thingOf(source, key), network)) return
    for (const member of this.#members()) {
      const failure = this.#failures.get(failureKey(member, network.id))
      if (failure === undefined) continue
      const retryAtMs = Math.min(failure.retryAtMs, failure.triedAtMs + firstRetryMs)
      this.#failures.set(failureKey(member, network.id), { ...failure, retryAtMs })
    }
    this.poke()
  }

  drop(source: string, key: string, gone: Gone): void {
    if (this.#wants.drop(thingOf(source, key), gone, this.#options.clock.now())) this.poke()
  }

  release(source: string, key: string): void {
    if (this.#wants.release(thingOf(source, key))) this.poke()
  }

  retain(source: string, key: string): boolean {
    const isNews = this.#wants.retain(thingOf(source, key))
    if (isNews) this.poke()
    return isNews
  }

  keepOnly(source: string, keys: ReadonlySet<string>): void {
    const prefix = thingOf(source, '')
    for (const thing of this.#wants.thingsOf(prefix))
      if (!keys.has(thing.slice(prefix.length)))
        this.drop(source, thing.slice(prefix.length), 'ended')
    this.poke()
  }

  onChange(tell: (networkId: string | undefined) => void): () => void {
    this.#listeners.add(tell)
    return () => void this.#listeners.delete(tell)
  }

  /** What Docker says now; the newest answer is given last. */
  update(around: Surroundings): void {
    const wasInContainer = this.isInContainer
    this.#around = around
    this.#isStale = false
    this.#staleBackoff.reset()
    for (const id of around.details.keys()) this.#unlisted.delete(id)
    this.#forgetFailures()
    if (wasInContainer !== this.isInContainer) this.#tell(undefined)
    this.#announce()
    this.poke()
  }

  /** HAProxy has applied something, a source has spoken: it may be time for the next step. */
  poke(): void {
    this.#isPoked = true
    this.#wake?.()
  }

  /** What could not be done and is still wanted. */
  problems(): readonly Problem[] {
    const state = this.#state()
    if (state === undefined) return []
    const named = (id: string): string =>
      state.details.get(id)?.name ?? state.wants.get(id)?.name ?? id
    return [...this.#failures].flatMap(([key, { what, hint }]) => {
      const id = key.split(' ')[1] ?? ''
      const isWanted = state.wants.has(id) || this.#isOn(key)
      return isWanted ? [{ where: `network ${named(id)}`, what, hint }] : []
    })
  }

  /** Runs until the signal aborts; a change under way is finished. Never throws for Docker's sake. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isPoked = false
      const waitMs = await this.#step(signal)
      if (waitMs !== 0) await this.#rest(waitMs, signal)
    }
  }

  /** Detaches everything that fairlead has attached; while HAProxy serves on, not its container. */
  async leaveAll({ isServing }: { readonly isServing: boolean }): Promise<void> {
    const signal = AbortSignal.timeout(10_000)
    const { home } = this.#around ?? {}
    const leaving = isServing
      ? this.#members().filter(({ id }) => id !== home?.haproxy.id)
      : this.#members()
    for (const member of leaving)
      for (const [id, { name, isOurs }] of member.attached)
        if (isOurs) await this.#leave({ kind: 'leave', member, network: { id, name } }, signal)
  }

  /** Does one thing. Gives how long to wait then, 0: not at all, undefined: until something happens. */
  async #step(signal: AbortSignal): Promise<number | undefined> {
    const state = this.#state()
    if (state === undefined) return undefined
    if (this.#isStale) {
      const nowMs = this.#options.clock.now()
      const leftMs = this.#lookAtMs - nowMs
      if (leftMs > 0) return leftMs
      this.#lookAtMs = nowMs + firstRetryMs
      await this.#look(signal, true)
      return 0
    }
    const unknown = unknownNetworks(state).filter((id) => !this.#unlisted.has(id))
    if (unknown.length > 0) {
      for (const id of unknown) this.#unlisted.add(id)
      await this.#look(signal, true)
      return 0
    }
    const { join, leave, wakeAtMs } = decide(state)
    if (join !== undefined) {
      await this.#join(join, signal)
      return 0
    }
    for (const step of leave) if (await this.#leaveUnused(step, signal)) return 0
    if (leave.length === 0) this.#inUseBackoff.reset()
    const waits = [
      ...(wakeAtMs === undefined ? [] : [Math.max(1, wakeAtMs - this.#options.clock.now())]),
      ...(leave.length === 0 ? [] : [this.#inUseBackoff.next()]),
    ]
    return waits.length === 0 ? undefined : Math.min(...waits)
  }

  async #join(step: Step, signal: AbortSignal): Promise<void> {
    const { member, network } = step
    const { control } = this.#around ?? {}
    const options = { [markOption]: this.#options.instance }
    let isGone = false
    try {
      await control?.connectNetwork(network.id, member.id, options, signal)
      this.#failures.delete(failureKey(member, network.id))
      this.#options.log.info(`${member.name} is attached to network ${network.name}`)
    } catch (error) {
      if (signal.aborted) return
      isGone = error instanceof DockerError && error.status === 404
      if (!isThereAlready(error)) this.#failed(step, error)
    }
    await this.#look(signal, isGone)
    const now = this.#members().find(({ id }) => id === member.id)
    const key = failureKey(member, network.id)
    // Without this a Docker that says yes and does nothing would be asked without a pause.
    if (now?.attached.has(network.id) === false && !this.#failures.has(key))
      this.#failed(step, new Error('Docker said yes, and the container is not on it'))
    this.#announce()
  }

  /** False: it cannot be left now. */
  async #leaveUnused(step: Step, signal: AbortSignal): Promise<boolean> {
    const { member, network } = step
    const isHaproxy = member.id === this.#around?.home.haproxy.id
    const retryAtMs = this.#failures.get(failureKey(member, network.id))?.retryAtMs ?? 0
    if (retryAtMs > this.#options.clock.now()) return false
    const subnets = this.#around?.details.get(network.id)?.subnets ?? []
    if (isHaproxy && member.isRunning && (await this.#isInUse(subnets))) return false
    // Something may have come while HAProxy was asked. From here to the mark there is no pause.
    const state = this.#state()
    const isStill =
      state !== undefined &&
      decide(state).leave.some(
        (each) => each.member.id === member.id && each.network.id === network.id,
      )
    if (!isStill || signal.aborted) return false
    await this.#leave(step, signal)
    return true
  }

  async #isInUse(subnets: readonly string[]): Promise<boolean> {
    try {
      return await this.#options.isInUse(subnets)
    } catch (error) {
      this.#options.log.warn(`HAProxy cannot be asked for its servers: ${messageOf(error)}`)
      return true
    }
  }

  async #leave(step: Step, signal: AbortSignal): Promise<void> {
    const { member, network } = step
    const isHaproxy = member.id === this.#around?.home.haproxy.id
    if (isHaproxy) this.#leaving.add(network.id)
    try {
      await this.#around?.control.disconnectNetwork(network.id, member.id, signal)
      this.#failures.delete(failureKey(member, network.id))
      this.#options.log.info(`${member.name} is detached from network ${network.name}`)
    } catch (error) {
      if (!signal.aborted) this.#failed(step, error)
    }
    await this.#look(signal, false)
    this.#leaving.delete(network.id)
    this.#announce()
  }

  #failed(step: Step, error: unknown): void {
    const { member, network } = step
    const key = failureKey(member, network.id)
    const before = this.#failures.get(key)
    const count = (before?.count ?? 0) + 1
    const triedAtMs = this.#options.clock.now()
    const retryAtMs = triedAtMs + Math.min(lastRetryMs, firstRetryMs * 2 ** (count - 1))
    const words = refusalOf(error, step)
    this.#failures.set(key, { ...words, kind: step.kind, count, triedAtMs, retryAtMs })
    if (before?.what !== words.what) this.#options.log.warn(`${words.what} (${words.hint})`)
  }

  /** Those of containers that are gone, and of what somebody else has done, or nobody wants any more. */
  #forgetFailures(): void {
    const wants = this.#wants.all(this.#options.clock.now())
    for (const [key, { kind }] of this.#failures) {
      const [memberId, networkId = ''] = key.split(' ')
      const member = this.#members().find(({ id }) => id === memberId)
      const isOn = member?.attached.has(networkId) === true
      const isOpen = kind === 'leave' ? isOn : !isOn && wants.has(networkId)
      if (member === undefined || !isOpen) this.#failures.delete(key)
    }
  }

  async #look(signal: AbortSignal, withNetworks: boolean): Promise<void> {
    try {
      await this.#options.look(signal, withNetworks)
    } catch (error) {
      if (!signal.aborted) this.#options.log.warn(messageOf(error))
      this.#isStale = true
      // The connection that events come over may be well, so that nobody else would look again.
      this.#lookAtMs = this.#options.clock.now() + this.#staleBackoff.next()
    }
  }

  /** Tells of networks that are reached now, or are not, and were something else when last asked. */
  #announce(): void {
    const state = this.#state()
    if (state === undefined) return
    const names = new Map<string, string>()
    for (const [id, { name }] of state.haproxy.attached) names.set(id, name)
    for (const [id, { name }] of state.wants) names.set(id, name)
    for (const [id, name] of names) {
      const reach = reachOf({ id, name }, state)
      const said = JSON.stringify(reach)
      if (this.#told.get(id) === said) continue
      this.#told.set(id, said)
      // A container that HAProxy does not reach for a moment is left where it is: HAProxy's own
      // checks know better, and it comes back, or is refused.
      if (reach.kind !== 'joining') this.#tell(id)
    }
    for (const id of this.#told.keys()) if (!names.has(id)) this.#told.delete(id)
  }

  #tell(networkId: string | undefined): void {
    for (const listener of this.#listeners) listener(networkId)
  }

  #isOn(key: string): boolean {
    return this.#members().some((member) =>
      [...member.attached.keys()].some((id) => failureKey(member, id) === key),
    )
  }

  #members(): readonly FoundHome['haproxy'][] {
    const { home } = this.#around ?? {}
    if (home === undefined) return []
    return home.own === undefined ? [home.haproxy] : [home.haproxy, home.own]
  }

  #reachState(): ReachState | undefined {
    const { home, details } = this.#around ?? {}
    if (home === undefined || details === undefined || !home.isApart) return undefined
    return {
      rules: this.#options.rules,
      haproxy: home.haproxy,
      details,
      failures: this.#failures,
      leaving: this.#leaving,
    }
  }

  #state(): JoinState | undefined {
    const state = this.#reachState()
    if (state === undefined) return undefined
    const nowMs = this.#options.clock.now()
    return {
      ...state,
      own: this.#around?.home.own,
      wants: this.#wants.all(nowMs),
      areWantsComplete: this.#options.areWantsComplete('all'),
      areLocalWantsComplete: this.#options.areWantsComplete('local'),
      nowMs,
    }
  }

  async #rest(waitMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (this.#isPoked || signal.aborted) return
    const enough = new AbortController()
    const end = (): void => enough.abort()
    this.#wake = end
    signal.addEventListener('abort', end, { once: true })
    // With nothing to wait for there is no timer: 2^31 ms and more are slept in steps.
    await this.#options.clock.sleep(waitMs ?? Number.MAX_SAFE_INTEGER, enough.signal)
    signal.removeEventListener('abort', end)
    this.#wake = undefined
  }
}

function thingOf(source: string, key: string): string {
  return `${source}\n${key}`
}
