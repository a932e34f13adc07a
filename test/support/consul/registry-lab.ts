import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleCandidate, sampleEndpoint } from '../samples.ts'
import { FakeConsul } from '../../../src/consul/testing/fake-consul.ts'
import type { HealthEntry } from '../../../src/consul/types.ts'
import type { Candidate, Observation } from '../../../src/model/candidate.ts'
import type { Endpoint } from '../../../src/model/endpoint.ts'
import { ManualClock } from '../../../src/support/clock.ts'
import { encodeSnapshot } from '../../../src/registry/embedded/snapshot-file.ts'
import { RegistryStorage } from '../../../src/registry/embedded/storage.ts'
import { ConsulRegistry } from '../../../src/registry/consul/consul-registry.ts'
import type { ConsulRegistryOptions } from '../../../src/registry/consul/consul-registry-options.ts'
import {
  containerId,
  ownerMetaOf,
  sampleEntry,
  type SampleEntry,
} from '../../../src/consul-catalogue/testing/sample-entry.ts'

export const cycleMs = 60_000
export const source = 'docker:pi1'

/** Registries over a Consul in memory, with a clock that stands still until it is moved. */
export class RegistryLab {
  readonly consul = new FakeConsul()
  readonly clock = new ManualClock()
  /** What was passed on to who registers containers. */
  readonly told: Observation[] = []
  readonly #folder: string
  readonly #registries: ConsulRegistry[] = []
  #end = new AbortController()
  #running: Promise<void>[] = []

  private constructor(folder: string) {
    this.#folder = folder
    this.consul.set('/v1/catalog/nodes', [])
    this.consul.set('/v1/agent/self', { Config: { NodeName: 'pi1', Datacenter: 'dc1' } })
  }

  static async open(): Promise<RegistryLab> {
    return new RegistryLab(await mkdtemp(join(tmpdir(), 'fairlead-consul-registry-')))
  }

  async close(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#running)
    for (const registry of this.#registries) await registry.flush()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await this.clock.advance(0)
  }

  async start(options: Partial<ConsulRegistryOptions> = {}): Promise<ConsulRegistry> {
    const registry = new ConsulRegistry({
      consul: this.consul,
      clock: this.clock,
      path: join(this.#folder, 'registry.snapshot'),
      filter: { services: [], tags: [] },
      warningIs: 'in',
      cycleMs,
      owners: new Set(['pi1']),
      localSources: [source],
      onLocal: (observation) => this.told.push(observation),
      ...options,
    })
    this.#registries.push(registry)
    await registry.load()
    this.#running.push(registry.run(this.#end.signal))
    await this.settle()
    return registry
  }

  /** Ends all that runs, so that another can be started on the same files. */
  async stop(registry: ConsulRegistry): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#running.splice(0))
    await registry.flush()
    this.#end = new AbortController()
  }

  /** What is stored is from before the machine's last start. */
  async rebootMachine(): Promise<void> {
    const path = join(this.#folder, 'registry.snapshot')
    const storage = new RegistryStorage(path)
    const contents = (await storage.load())?.contents ?? new Map()
    await writeFile(path, encodeSnapshot(contents, 'another run of the kernel'))
  }

  /** What Consul says of the service from now on; it is the only one. */
  async say(service: string, entries: readonly HealthEntry[]): Promise<void> {
    this.consul.set(`/v1/health/service/${service}`, entries)
    this.consul.set('/v1/catalog/services', { [service]: [] })
    await this.settle()
  }

  /** Consul gives no sign of life until `back`; resolves when the registry has noticed. */
  async away(registry: ConsulRegistry): Promise<void> {
    this.consul.fail('/v1/catalog/nodes')
    await this.#until(registry, 'waiting')
  }

  async back(registry: ConsulRegistry): Promise<void> {
    this.consul.heal()
    await this.#until(registry, 'current')
  }

  /** Gathers what the registry's changes are said to come from. */
  causesOf(registry: ConsulRegistry): readonly string[] {
    const causes: string[] = []
    const gather = async (): Promise<void> => {
      for await (const some of registry.changes(this.#end.signal)) {
        causes.push(...some.map(({ what }) => what))
      }
    }
    this.#running.push(gather())
    return causes
  }

  async #until(registry: ConsulRegistry, state: string): Promise<void> {
    for (let second = 0; second < 60; second++) {
      if (registry.state().state === state) return
      await this.clock.advance(1000)
    }
    throw new Error(`the registry is ${registry.state().state}, not ${state}`)
  }
}

export const endpoints = (registry: ConsulRegistry): readonly Endpoint[] =>
  [...registry.snapshot().services.values()].flatMap((service) => service.endpoints)

export const ids = (registry: ConsulRegistry): string[] => endpoints(registry).map(({ id }) => id)

export function observe(registry: ConsulRegistry, values: Partial<Observation>): void {
  registry.accept({
    source,
    isComplete: false,
    upserts: [],
    removals: [],
    cause: 'test',
    eventAtMs: undefined,
    ...values,
  })
}

export const container = containerId('a')

/** Container web-1 as Docker on this host sees it. */
export const local = (values: Partial<Endpoint> = {}): Candidate =>
  sampleCandidate(
    [
      sampleEndpoint({
        id: 'pi1:web-1:80',
        address: '10.0.1.1',
        port: 8080,
        labels: { host: 'a.example.org' },
        identity: `${container} started then`,
        startedAtMs: 4321,
        ...values,
      }),
    ],
    { key: container, name: 'web-1', image: 'shop:2' },
  )

/** The same container as it stands in Consul. */
export const registered = (values: SampleEntry = {}): HealthEntry =>
  sampleEntry({ node: 'pi1', ID: 'pi1:web-1:80', Meta: ownerMetaOf('pi1', container), ...values })

/** Instances of `web` on another host. */
export const far = (count: number): HealthEntry[] =>
  Array.from({ length: count }, (_, index) =>
    sampleEntry({ ID: `web${index + 1}`, Port: 8001 + index }),
  )
