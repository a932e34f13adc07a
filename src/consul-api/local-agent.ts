import type { Observation } from '../model/candidate.ts'
import type { Clock } from '../support/clock.ts'
import type { EmbeddedRegistry } from '../registry/embedded/embedded-registry.ts'
import type { Catalog } from './catalog.ts'
import { CheckRunner } from './check-runner.ts'
import { ConsulApiError } from './errors.ts'
import { keptService, type KeptService } from './kept-service.ts'
import { RunningCheck } from './local-check.ts'
import type { CheckResult, LocalCheck } from './instance.ts'
import { candidateOfService, instanceOfService, type LocalState } from './local-state.ts'
import { registrationObservation, registrationSource } from './registrations.ts'
import type { ServiceRegistered } from './service-definition.ts'

/**
 * What Consul's agent does, of this machine: services that programs registered, their checks, and
 * maintenance. What they are goes to the registry, so that traffic follows, and to the catalogue.
 * A change is on disk before its call resolves, unless the disk refuses it: then it holds until a
 * restart, and the registry has the problem on show. Throws ConsulApiError, RegistrationError.
 */
export class LocalAgent {
  readonly node: string
  readonly #clock: Clock
  readonly #catalog: Catalog
  readonly #registry: EmbeddedRegistry
  readonly #runner: CheckRunner
  readonly #services = new Map<string, LocalState>()

  constructor(options: {
    readonly node: string
    readonly clock: Clock
    readonly catalog: Catalog
    readonly registry: EmbeddedRegistry
  }) {
    this.node = options.node
    this.#clock = options.clock
    this.#catalog = options.catalog
    this.#registry = options.registry
    this.#runner = new CheckRunner(options.clock)
  }

  /** Takes up the registrations that the registry has kept, and starts their checks. */
  start(): void {
    const nowMs = this.#clock.now()
    for (const candidate of this.#registry.candidatesOf(registrationSource)) {
      const kept = keptService(candidate, nowMs)
      if (kept !== undefined) this.#restore(kept)
    }
    this.#catalog.putNode(this.node)
    const states = [...this.#services.values()]
    this.#registry.accept(
      registrationObservation({
        upserts: states.map((state) => candidateOfService(state, this.node)),
        isComplete: true,
        cause: 'registrations of an earlier run',
        nowMs: undefined,
      }),
    )
    for (const state of states) this.#catalog.put(instanceOfService(state, this.node))
    for (const state of states) for (const check of state.checks.values()) check.start(this.#runner)
  }

  /** Ends all checks; what is registered stays. */
  stop(): void {
    for (const { checks } of this.#services.values())
      for (const check of checks.values()) check.stop()
  }

  services(): readonly LocalState[] {
    return [...this.#services.values()]
  }

  service(id: string): LocalState | undefined {
    return this.#services.get(id)
  }

  /**
   * Registers a service, or replaces it. A check that it had keeps its state; one that it does not
   * name any more stays as well, unless `areChecksReplaced`, as with Consul.
   */
  async register(
    { service, checks }: ServiceRegistered,
    areChecksReplaced: boolean,
  ): Promise<void> {
    this.#refuseForeignId(service.id)
    const before = this.#services.get(service.id)
    const isSamePlace =
      before?.service.address === service.address && before.service.port === service.port
    const state: LocalState = {
      service,
      checks: new Map(),
      maintenance: before?.maintenance,
      registeredAtMs:
        isSamePlace && before !== undefined ? before.registeredAtMs : this.#clock.now(),
    }
    // Throws for what cannot be a candidate, before anything has changed.
    candidateOfService(state, this.node)
    if (!areChecksReplaced) {
      for (const check of before?.checks.values() ?? []) state.checks.set(check.check.id, check)
    }
    const fresh = checks.map((check) => this.#freshCheck(check, service.id, before))
    for (const check of fresh) state.checks.set(check.check.id, check)
    for (const check of before?.checks.values() ?? []) {
      if (state.checks.get(check.check.id) !== check) check.stop()
    }
    this.#services.set(service.id, state)
    this.#publish(state, `register ${service.id}`)
    for (const check of fresh) check.start(this.#runner)
    await this.#registry.flush()
  }

  /** An id that is not there is no error, as with Consul. */
  async deregister(id: string): Promise<void> {
    if (this.#remove(id, `deregister ${id}`)) await this.#registry.flush()
  }

  async setMaintenance(id: string, isEnabled: boolean, reason: string): Promise<void> {
    const state = this.#services.get(id)
    if (state === undefined) {
      throw new ConsulApiError(404, `No service registered with ID ${JSON.stringify(id)}`)
    }
    // Consul leaves the first reason standing.
    if (isEnabled === (state.maintenance !== undefined)) return
    const maintenance = isEnabled
      ? { reason: reason || defaultMaintenanceReason, sinceMs: this.#clock.now() }
      : undefined
    const changed = { ...state, maintenance }
    this.#services.set(id, changed)
    this.#publish(changed, `maintenance ${isEnabled ? 'on' : 'off'} ${id}`)
    await this.#registry.flush()
  }

  /** What the owner of a TTL check says of it. */
  heartbeat(checkId: string, result: CheckResult): void {
    const check = this.#checkOf(checkId)?.checks.get(checkId)
    if (check?.check.kind.type !== 'ttl') {
      const what = `CheckID ${JSON.stringify(checkId)} does not have associated TTL`
      throw new ConsulApiError(500, what)
    }
    check.heartbeat(result)
  }

  /** Adds a check to a service that is registered. */
  async addCheck(check: LocalCheck, serviceId: string): Promise<void> {
    const state = this.#services.get(serviceId)
    if (state === undefined) {
      throw new ConsulApiError(400, `ServiceID ${JSON.stringify(serviceId)} does not exist`)
    }
    const before = state.checks.get(check.id)
    const fresh = this.#freshCheck(check, serviceId, state)
    before?.stop()
    state.checks.set(check.id, fresh)
    this.#publish(state, `check ${check.id}`)
    fresh.start(this.#runner)
    await this.#registry.flush()
  }

  /** An id that is not there is no error, as with Consul. */
  async removeCheck(checkId: string): Promise<void> {
    const state = this.#checkOf(checkId)
    if (state === undefined) return
    state.checks.get(checkId)?.stop()
    state.checks.delete(checkId)
    this.#publish(state, `check ${checkId} removed`)
    await this.#registry.flush()
  }

  #restore({ service, checks, maintenance, registeredAtMs }: KeptService): void {
    const running = checks.map((kept) => [kept.check.id, this.#running(kept, service.id)] as const)
    this.#services.set(service.id, {
      service,
      checks: new Map(running),
      maintenance,
      registeredAtMs,
    })
  }

  /** A check that its service had before goes on from its state. */
  #freshCheck(check: LocalCheck, serviceId: string, before: LocalState | undefined): RunningCheck {
    const known = before?.checks.get(check.id)
    const status = known?.status ?? check.initialStatus
    return this.#running({ check, status, output: known?.output ?? '' }, serviceId)
  }

  #running(kept: ReturnType<RunningCheck['kept']>, serviceId: string): RunningCheck {
    return new RunningCheck(kept, {
      clock: this.#clock,
      onChange: () => {
        const state = this.#services.get(serviceId)
        if (state === undefined) return
        this.#publish(state, `check ${kept.check.id} of ${serviceId}`)
      },
      onCriticalTooLong: () => {
        const cause = `deregister ${serviceId}: check ${kept.check.id} is critical for too long`
        this.#remove(serviceId, cause)
      },
    })
  }

  #remove(id: string, cause: string): boolean {
    const state = this.#services.get(id)
    if (state === undefined) return false
    for (const check of state.checks.values()) check.stop()
    this.#services.delete(id)
    this.#accept(registrationObservation({ removals: [id], cause, nowMs: this.#clock.now() }))
    this.#catalog.remove(this.node, id)
    return true
  }

  #publish(state: LocalState, cause: string): void {
    const candidate = candidateOfService(state, this.node)
    const nowMs = this.#clock.now()
    this.#accept(registrationObservation({ upserts: [candidate], cause, nowMs }))
    this.#catalog.put(instanceOfService(state, this.node))
  }

  #accept(observation: Observation): void {
    this.#registry.accept(observation)
  }

  #checkOf(checkId: string): LocalState | undefined {
    return this.services().find(({ checks }) => checks.has(checkId))
  }

  /** A registration must not take the id of something that another source says. */
  #refuseForeignId(id: string): void {
    const rival = this.#registry.holder(id)
    if (rival === undefined || rival.kind === 'registration') return
    const what = `the id ${id} belongs to ${rival.kind} ${rival.name}; register under another ID`
    throw new ConsulApiError(400, what)
  }
}

const defaultMaintenanceReason = 'put into maintenance through the API; no reason was given'
