import type { Consul } from '../consul/contract.ts'
import type { Registered, Registration, RegistrationBackend } from './backend.ts'
import { hostAndPort } from './checks.ts'

/**
 * Keeps `<prefix>/<name>/<id>` = `ip:port` in Consul's key-value store, as Registrator does (IPv6
 * in brackets). Neither tags nor meta nor checks; what an earlier run wrote cannot be told from
 * other keys, so there is no list.
 */
export class ConsulKvBackend implements RegistrationBackend {
  readonly #consul: Consul
  readonly #prefix: string
  /** By service id: the key it was written under, since that changes with the service's name. */
  readonly #keys = new Map<string, string>()

  /** `prefix` without slashes around it; empty: keys begin with the service's name. */
  constructor({ consul, prefix }: { readonly consul: Consul; readonly prefix: string }) {
    this.#consul = consul
    this.#prefix = prefix
  }

  async ping(signal: AbortSignal): Promise<string> {
    const { value } = await this.#consul.get<string>('/v1/status/leader', { signal })
    return value
  }

  async register(registration: Registration, signal: AbortSignal): Promise<void> {
    const { ID, Address, Port } = registration
    const key = this.keyOf(registration)
    const before = this.#keys.get(ID)
    await this.#consul.put(pathOf(key), hostAndPort(Address ?? '', Port ?? 0), { signal })
    this.#keys.set(ID, key)
    if (before !== undefined && before !== key)
      await this.#consul.delete(pathOf(before), { signal })
  }

  async deregister(
    registration: Pick<Registration, 'ID' | 'Name'>,
    signal: AbortSignal,
  ): Promise<void> {
    const key = this.#keys.get(registration.ID) ?? this.keyOf(registration)
    await this.#consul.delete(pathOf(key), { signal })
    this.#keys.delete(registration.ID)
  }

  /** Where a service is written. */
  keyOf({ ID, Name }: Pick<Registration, 'ID' | 'Name'>): string {
    return [this.#prefix, Name, ID].filter((each) => each !== '').join('/')
  }

  list(): Promise<ReadonlyMap<string, Registered> | undefined> {
    return Promise.resolve(undefined)
  }

  removeOldChecks(): Promise<void> {
    return Promise.resolve()
  }

  setMaintenance(): Promise<void> {
    return Promise.resolve()
  }

  updateCheck(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    this.#consul.close()
  }
}

/** Slashes in ids and names are slashes in the key. */
function pathOf(key: string): string {
  return `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`
}
