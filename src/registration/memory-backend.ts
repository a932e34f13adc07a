import { FairleadError } from '../model/errors.ts'
import { maintenancePrefix } from './backend.ts'
import type { CheckStatus, Registered, Registration, RegistrationBackend } from './backend.ts'
import { ownCheckIds } from './check-ids.ts'

/** What was asked of it, in order: `register web:80`, `list`. */
export type BackendCall = string

/**
 * A registry in memory that takes what Consul takes, and can be told to fail. As in Consul a
 * service's checks go with it, and a check keeps its state when its service is registered again.
 */
export class MemoryBackend implements RegistrationBackend {
  readonly services = new Map<string, Registration>()
  /** By service id: the reason. */
  readonly maintenance = new Map<string, string>()
  readonly checks = new Map<
    string,
    { readonly serviceId: string; status: CheckStatus; output: string }
  >()
  readonly calls: BackendCall[] = []
  /** Called before each is done; it throws what the call is to fail with. */
  onCall: (call: BackendCall) => void | Promise<void> = () => {}
  /** Called after each is done; what it throws is told of a call that was taken. */
  onDone: (call: BackendCall) => void | Promise<void> = () => {}
  isUnreachable = false
  inFlight = 0
  mostInFlight = 0
  /** Calls about an id that another call was still under way for. */
  readonly overlapping: BackendCall[] = []
  readonly #busyIds = new Set<string>()

  ping(): Promise<string> {
    return this.#run('ping', () => 'memory')
  }

  register(registration: Registration): Promise<void> {
    return this.#run(`register ${registration.ID}`, () => {
      refuseBadMeta(registration)
      this.services.set(registration.ID, registration)
      const checks = [registration.Check ?? [], registration.Checks ?? []].flat()
      const statusOf = new Map(checks.map(({ CheckID, Status }) => [CheckID, Status]))
      for (const id of ownCheckIds(registration).present) {
        if (this.checks.has(id)) continue
        const status = (statusOf.get(id) ?? 'critical') as CheckStatus
        this.checks.set(id, { serviceId: registration.ID, status, output: '' })
      }
    })
  }

  deregister({ ID }: Pick<Registration, 'ID' | 'Name'>): Promise<void> {
    return this.#run(`deregister ${ID}`, () => {
      this.services.delete(ID)
      this.maintenance.delete(ID)
      for (const [id, check] of this.checks) if (check.serviceId === ID) this.checks.delete(id)
    })
  }

  list(): Promise<ReadonlyMap<string, Registered>> {
    return this.#run('list', () => {
      const listed = [...this.services].map(([id, each]) => {
        const maintenance = this.maintenance.get(id) ?? ''
        return [id, { ...registeredFrom(each), maintenance }] as const
      })
      return new Map(listed)
    })
  }

  removeOldChecks(registration: Registration): Promise<void> {
    return this.#run(`old-checks ${registration.ID}`, () => {
      const { present } = ownCheckIds(registration)
      for (const [id, { serviceId }] of this.checks) {
        if (serviceId === registration.ID && !present.has(id)) this.checks.delete(id)
      }
    })
  }

  setMaintenance(id: string, isEnabled: boolean, reason: string): Promise<void> {
    return this.#run(`maintenance ${id} ${isEnabled ? 'on' : 'off'}`, () => {
      if (!this.services.has(id)) throw refused(`no service ${id}`)
      const before = this.maintenance.get(id)
      if (isEnabled && before === undefined) this.maintenance.set(id, reason)
      if (!isEnabled && before?.startsWith(maintenancePrefix) === true) this.maintenance.delete(id)
    })
  }

  updateCheck(checkId: string, status: CheckStatus, output: string): Promise<void> {
    return this.#run(`check ${checkId} ${status}`, () => {
      const check = this.checks.get(checkId)
      if (check === undefined) throw refused(`no check ${checkId}`)
      check.status = status
      check.output = output
    })
  }

  close(): void {}

  /** How many calls begin so. */
  count(beginning: string): number {
    return this.calls.filter((each) => each.startsWith(beginning)).length
  }

  async #run<T>(call: BackendCall, act: () => T): Promise<T> {
    this.calls.push(call)
    this.inFlight++
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    const [, id] = call.split(' ')
    if (id !== undefined && this.#busyIds.has(id)) this.overlapping.push(call)
    if (id !== undefined) this.#busyIds.add(id)
    try {
      await this.onCall(call)
      if (this.isUnreachable) {
        throw new FairleadError('consul_unreachable', 'the registry does not answer')
      }
      const result = act()
      await this.onDone(call)
      return result
    } finally {
      this.inFlight--
      if (id !== undefined) this.#busyIds.delete(id)
    }
  }
}

function registeredFrom(registration: Registration): Registered {
  const { ID, Name, Address, Port, Tags, Meta, EnableTagOverride } = registration
  return {
    id: ID,
    name: Name,
    address: Address ?? '',
    port: Port ?? 0,
    tags: Tags ?? [],
    meta: Meta ?? {},
    enableTagOverride: EnableTagOverride === true,
  }
}

function refuseBadMeta({ Meta }: Registration): void {
  for (const key of Object.keys(Meta ?? {})) {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(key)) throw refused(`Invalid Service Meta: key "${key}"`)
  }
}

function refused(message: string): FairleadError {
  return new FairleadError('consul_refused', message)
}
