import type { Consul } from '../consul/contract.ts'
import { ConsulError } from '../consul/errors.ts'
import type { AgentService } from '../consul/types.ts'
import type { CheckStatus, Registered, Registration, RegistrationBackend } from './backend.ts'

/** Of a check's output Consul keeps 4 KiB by default (manual: Agent, `check_output_max_size`). */
const mostOutputCharacters = 1000

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

  async register(registration: Registration, signal: AbortSignal): Promise<void> {
    await this.#consul.put('/v1/agent/service/register', registration, { signal })
  }

  async deregister({ ID }: Pick<Registration, 'ID'>, signal: AbortSignal): Promise<void> {
    try {
      const path = `/v1/agent/service/deregister/${encodeURIComponent(ID)}`
      await this.#consul.put(path, undefined, { signal })
    } catch (error) {
      if (!isUnknownService(error)) throw error
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<string, Registered>> {
    const { value } = await this.#consul.get<Readonly<Record<string, AgentService>>>(
      '/v1/agent/services',
      { signal },
    )
    return new Map(Object.values(value).map((each) => [each.ID, registeredFrom(each)]))
  }

  async setMaintenance(
    id: string,
    isEnabled: boolean,
    reason: string,
    signal: AbortSignal,
  ): Promise<void> {
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
