import { isCleanPath, pathPart } from '../consul/clean-path.ts'
import type { Consul, ConsulOptions } from '../consul/contract.ts'
import { ConsulError, unaskable } from '../consul/errors.ts'
import { serviceMaintenanceCheckPrefix } from '../consul/types.ts'
import type { AgentService, HealthCheck } from '../consul/types.ts'
import { maintenancePrefix } from './backend.ts'
import type { CheckStatus, Registered, Registration, RegistrationBackend } from './backend.ts'
import { ownCheckIds } from './check-ids.ts'

/** Of a check's output Consul keeps 4 KiB by default (manual: Agent, `check_output_max_size`). */
const mostOutputCharacters = 1000

/**
 * The first agent alone. A service belongs to the agent that it was registered with, and to its
 * node: registered with a second one as well it would be in the catalogue twice, and stay there when
 * its container ends.
 */
export function firstAgent(options: ConsulOptions): ConsulOptions {
  return { ...options, addresses: options.addresses.slice(0, 1) }
}

type AgentChecks = Readonly<Record<string, HealthCheck>>

/**
 * Registers with a Consul agent (manual: Agent HTTP API, Service and Check). The agent tells the
 * servers by itself, also later when they cannot be reached now.
 */
export class ConsulBackend implements RegistrationBackend {
  readonly #consul: Consul

  constructor({ consul }: { readonly consul: Consul }) {
    this.#consul = consul
  }

  async ping(signal: AbortSignal): Promise<string> {
    const { value } = await this.#consul.get<string>('/v1/status/leader', { signal })
    return value
  }

  /** What could not be deregistered again is refused. */
  async register(registration: Registration, signal: AbortSignal): Promise<void> {
    const path = deregisterPath(registration.ID)
    if (!isCleanPath(path)) throw unaskable({ method: 'PUT', path })
    await this.#consul.put('/v1/agent/service/register', registration, { signal })
  }

  async deregister({ ID }: Pick<Registration, 'ID'>, signal: AbortSignal): Promise<void> {
    try {
      await this.#consul.put(deregisterPath(ID), undefined, { signal })
    } catch (error) {
      if (!isUnknownService(error)) throw error
    }
  }

  async list(
    signal: AbortSignal,
    hasMaintenance = false,
  ): Promise<ReadonlyMap<string, Registered>> {
    const [{ value }, maintenance] = await Promise.all([
      this.#consul.get<Readonly<Record<string, AgentService>>>('/v1/agent/services', { signal }),
      hasMaintenance ? this.#maintenance(signal) : undefined,
    ])
    return new Map(
      Object.values(value).map((each) => [
        each.ID,
        {
          ...registeredFrom(each),
          ...(maintenance === undefined ? {} : { maintenance: maintenance.get(each.ID) ?? '' }),
        },
      ]),
    )
  }

  async removeOldChecks(registration: Registration, signal: AbortSignal): Promise<void> {
    const { ID } = registration
    const checks = await this.#checks(equals('ServiceID', ID), signal)
    const own = ownCheckIds(registration)
    for (const { CheckID, ServiceID } of Object.values(checks)) {
      if (ServiceID !== ID || !own.isOwn(CheckID) || own.present.has(CheckID)) continue
      const path = `/v1/agent/check/deregister/${encodeURIComponent(CheckID)}`
      await this.#consul.put(path, undefined, { signal })
    }
  }

  async setMaintenance(
    id: string,
    isEnabled: boolean,
    reason: string,
    signal: AbortSignal,
  ): Promise<void> {
    // Consul has one maintenance mode for everybody, and ends it for whoever asks.
    if (!isEnabled && !(await this.#isOurMaintenance(id, signal))) return
    const path = `/v1/agent/service/maintenance/${encodeURIComponent(id)}`
    const query = isEnabled ? { enable: 'true', reason } : { enable: 'false' }
    await this.#consul.put(path, undefined, { query, signal })
  }

  async updateCheck(
    checkId: string,
    status: CheckStatus,
    output: string,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/v1/agent/check/update/${encodeURIComponent(checkId)}`
    const body = { Status: status, Output: output.slice(0, mostOutputCharacters) }
    await this.#consul.put(path, body, { signal })
  }

  close(): void {
    this.#consul.close()
  }

  async #isOurMaintenance(id: string, signal: AbortSignal): Promise<boolean> {
    const checkId = `${serviceMaintenanceCheckPrefix}${id}`
    const checks = await this.#checks(equals('CheckID', checkId), signal)
    return checks[checkId]?.Notes?.startsWith(maintenancePrefix) === true
  }

  /** By service id: the reason. */
  async #maintenance(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const filter = `CheckID matches "^${serviceMaintenanceCheckPrefix}"`
    const checks = await this.#checks(filter, signal)
    return new Map(
      Object.values(checks)
        .filter(({ CheckID }) => CheckID.startsWith(serviceMaintenanceCheckPrefix))
        .map(({ ServiceID, Notes }) => [ServiceID ?? '', Notes || 'no reason given']),
    )
  }

  /** Agents before 1.5 do not know the filter: whoever asks looks at the answer again. */
  async #checks(filter: string | undefined, signal: AbortSignal): Promise<AgentChecks> {
    const options = { query: { filter }, signal }
    const { value } = await this.#consul.get<AgentChecks>('/v1/agent/checks', options)
    return value
  }
}

function deregisterPath(id: string): string {
  return `/v1/agent/service/deregister/${pathPart(id)}`
}

function registeredFrom(service: AgentService): Registered {
  return {
    id: service.ID,
    name: service.Service,
    address: service.Address ?? '',
    port: service.Port ?? 0,
    tags: service.Tags ?? [],
    meta: service.Meta ?? {},
    enableTagOverride: service.EnableTagOverride === true,
  }
}

/** Newer agents say so; older ones answer as if it had been there. */
function isUnknownService(error: unknown): boolean {
  return error instanceof ConsulError && /unknown service/i.test(error.message)
}

/**
 * A filter (manual: Filtering). Its strings know no escapes: undefined, everything, where neither
 * kind of quotes can hold the value.
 */
function equals(selector: 'CheckID' | 'ServiceID', value: string): string | undefined {
  if (!/["\\]/.test(value)) return `${selector} == "${value}"`
  return value.includes('`') ? undefined : `${selector} == \`${value}\``
}
