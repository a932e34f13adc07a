import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consulOptions } from '../../../src/consul/address.ts'
import { ConsulClient } from '../../../src/consul/client.ts'
import type { Endpoint } from '../../../src/model/endpoint.ts'
import { ConsulRegistry } from '../../../src/registry/consul/consul-registry.ts'
import type { ConsulRegistryOptions } from '../../../src/registry/consul/consul-registry-options.ts'
import { systemClock } from '../../../src/support/clock.ts'
import { waitUntil } from '../wait-until.ts'

/** A registry that follows a real Consul, with the client it does so by. */
export type FollowedConsul = {
  readonly registry: ConsulRegistry
  readonly client: ConsulClient
  /** The one that it asks the leader by. */
  readonly leaderClient: ConsulClient
  /** Endpoints of a service by id, as `HEALTH`, or `drain` while it is draining. */
  states(service: string): Readonly<Record<string, string>>
  endpoint(id: string): Endpoint | undefined
  close(): Promise<void>
}

/** Starts one at an address, and waits until it has read everything. `folder` outlives it. */
export async function followConsul(
  address: string,
  options: Partial<ConsulRegistryOptions> & {
    readonly token?: string
    readonly folder?: string
  } = {},
  readTimeoutMs = 30_000,
): Promise<FollowedConsul> {
  const { token, folder: given, ...settings } = options
  const folder = given ?? (await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-registry-`)))
  const environment = token === undefined ? {} : { CONSUL_HTTP_TOKEN: token }
  const consul = consulOptions(`consul://${address}`, environment)
  const client = new ConsulClient(consul, { mostConnections: 56 })
  const leaderClient = new ConsulClient(consul, { mostConnections: 16 })
  const registry = new ConsulRegistry({
    consul: client,
    leader: leaderClient,
    clock: systemClock,
    path: join(folder, 'registry.snapshot'),
    filter: { services: [], tags: [] },
    warningIs: 'in',
    cycleMs: 60_000,
    owners: new Set(['here']),
    localSources: [],
    ...settings,
  })
  await registry.load()
  const end = new AbortController()
  const running = registry.run(end.signal)
  const endpoints = (): readonly Endpoint[] =>
    [...registry.snapshot().services.values()].flatMap((service) => service.endpoints)
  const close = async (): Promise<void> => {
    end.abort()
    await running
    await registry.flush()
    client.close()
    leaderClient.close()
    if (given === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntil('everything is read', () => registry.state().isComplete, readTimeoutMs)
  } catch (error) {
    await close()
    throw error
  }
  return {
    registry,
    client,
    leaderClient,
    states: (service) =>
      Object.fromEntries(
        (registry.snapshot().services.get(service)?.endpoints ?? []).map((each) => [
          each.id,
          each.draining === undefined ? each.health : 'drain',
        ]),
      ),
    endpoint: (id) => endpoints().find((each) => each.id === id),
    close,
  }
}

/** Registers one instance on a node that has no agent. */
export async function registerInstance(
  agent: {
    api(method: string, path: string, body?: unknown): Promise<{ readonly status: number }>
  },
  instance: {
    readonly node: string
    readonly id: string
    readonly service: string
    readonly status?: string
    readonly more?: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const { node, id, service, status, more } = instance
  const check = { CheckID: `service:${id}`, Name: 'answers', Status: status, ServiceID: id }
  const answer = await agent.api('PUT', '/v1/catalog/register', {
    Node: node,
    Address: '127.0.0.9',
    SkipNodeUpdate: true,
    Service: { ID: id, Service: service, Address: '127.0.0.10', Port: 8080, ...more },
    ...(status === undefined ? {} : { Check: check }),
  })
  if (answer.status !== 200) throw new Error(`Consul did not take ${id}: ${answer.status}`)
}

export async function deregisterInstance(
  agent: { api(method: string, path: string, body?: unknown): Promise<unknown> },
  node: string,
  id?: string,
): Promise<void> {
  await agent.api('PUT', '/v1/catalog/deregister', { Node: node, ServiceID: id })
}
