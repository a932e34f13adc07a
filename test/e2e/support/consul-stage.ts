import type { ChildProcess } from 'node:child_process'
import type { ConsulReport, EndpointReport } from '../../../src/api/contract.ts'
import type { HealthEntry } from '../../../src/consul/types.ts'
import { startConsul, type ConsulAgent } from '../../support/consul/consul-agent.ts'
import type { ConsulOptions } from '../../support/consul/agent-settings.ts'
import { startFaultProxy, type FaultProxy } from '../../support/consul/fault-proxy.ts'
import { Load } from './load.ts'
import { Stage, type Container } from './stage.ts'

/** What `close` does last is what was made first. */
type Release = () => Promise<unknown>

/**
 * A test's world with Consul: agents, proxies before them, and fairleads, each with a state folder
 * and a port of its own. `close` takes everything away.
 */
export class ConsulStage {
  /** The first fairlead's; containers are started here. */
  readonly main: Stage
  readonly #releases: Release[] = []

  private constructor(main: Stage) {
    this.main = main
    this.#releases.push(() => main.close())
  }

  static async open(): Promise<ConsulStage> {
    return new ConsulStage(await Stage.open())
  }

  /** A further fairlead's world on this host. */
  async another(): Promise<Stage> {
    const stage = await Stage.open({ hasImage: false })
    this.onClose(() => stage.close())
    return stage
  }

  async consul(options: ConsulOptions = {}): Promise<ConsulAgent> {
    const consul = await startConsul(options)
    this.onClose(() => consul.close())
    return consul
  }

  async proxy(consul: ConsulAgent): Promise<FaultProxy> {
    const proxy = await startFaultProxy(consul.url)
    this.onClose(() => proxy.close())
    return proxy
  }

  /** Constant load on a service; ended with the test, or by `stop`. */
  load(service: string, stage: Stage = this.main): Load {
    const options = { port: stage.port, perSecond: 50, host: `${service}.localhost`, service }
    const load = new Load(options)
    this.onClose(() => load.stop())
    return load
  }

  onClose(release: Release): void {
    this.#releases.push(release)
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const release of this.#releases.splice(0).toReversed()) {
      await release().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'something was left behind')
  }
}

/** Flags of a fairlead that registers containers at their own addresses and balances. */
export function registering(consul: { readonly address: string }): readonly string[] {
  return ['--registry', `consul://${consul.address}`, '--register', 'container']
}

/** Flags of a fairlead that only balances. */
export function reading(consul: { readonly address: string }): readonly string[] {
  return ['--registry', `consul://${consul.address}`, '--docker', 'none']
}

/** Starts fairlead and does not wait until it is ready. */
export async function upUnready(stage: Stage, ...args: readonly string[]): Promise<ChildProcess> {
  const daemon = stage.spawnUp(...args)
  await stage.until(
    async () => (await stage.api('GET', '/api/status')).status === 200,
    'it answers',
  )
  return daemon
}

/** What a fairlead's `status` says of Consul. */
export async function consulReport(stage: Stage): Promise<ConsulReport> {
  const { registry } = await stage.status()
  if (registry.kind !== 'consul') throw new Error(`the registry is ${registry.kind}`)
  return registry
}

/** What a fairlead's `status` says of a service's endpoints. */
export async function endpointsOf(
  stage: Stage,
  service: string,
): Promise<readonly EndpointReport[]> {
  const { services } = await stage.status()
  return services.find(({ name }) => name === service)?.endpoints ?? []
}

/** All problems on show in one text. */
export async function problemsOf(stage: Stage): Promise<string> {
  const { problems } = await stage.status()
  return problems.map(({ where, what, hint }) => `${where}: ${what}; ${hint}`).join('\n')
}

/** One number of the metrics; 0 when the series is not there. */
export async function metric(stage: Stage, series: string): Promise<number> {
  const { body } = await stage.api('GET', '/metrics')
  const line = body.split('\n').find((each) => each.startsWith(`${series} `))
  return Number(line?.slice(series.length) ?? 0)
}

/** Waits until the catalogue has exactly so many instances of a service. */
export async function untilInstances(
  stage: Stage,
  consul: ConsulAgent,
  service: string,
  count: number,
): Promise<void> {
  await stage.until(
    async () => (await toldEntries(consul, service))?.length === count,
    `Consul has ${count} of ${service}`,
  )
}

/** Waits until Consul has exactly these containers as the service. */
export async function untilRegistered(
  stage: Stage,
  consul: ConsulAgent,
  service: string,
  containers: readonly Container[],
  timeoutMs = 30_000,
): Promise<void> {
  const wanted = containers.map(({ id }) => id).toSorted()
  await stage.until(
    async () => {
      const entries = await toldEntries(consul, service)
      const ids = entries?.map(({ Service }) => Service.Meta?.['fairlead-container'] ?? '')
      return ids?.toSorted().join() === wanted.join()
    },
    `Consul has these ${containers.length}`,
    timeoutMs,
  )
}

/** Waits until exactly these containers are the service's servers, and get requests. */
export async function untilServed(
  stage: Stage,
  service: string,
  containers: readonly Container[],
): Promise<void> {
  const wanted = containers.map(({ name }) => name).toSorted()
  await stage.until(async () => {
    const { isApplied, services } = await stage.status()
    const endpoints = services.find(({ name }) => name === service)?.endpoints ?? []
    const isUp = endpoints.every(
      ({ admin, haproxyStatus }) => admin === 'ready' && haproxyStatus.startsWith('UP'),
    )
    const names = endpoints.map(({ candidate }) => candidate)
    return isApplied && isUp && names.toSorted().join() === wanted.join()
  }, `these ${containers.length} serve`)
}

/** Instances of a service in the catalogue with their checks, sorted by id. */
export async function entriesOf(
  consul: ConsulAgent,
  service: string,
): Promise<readonly HealthEntry[]> {
  const entries = await toldEntries(consul, service)
  if (entries === undefined) throw new Error(`Consul does not tell of ${service}`)
  return entries
}

/** As `entriesOf`; undefined while Consul has no leader, which it answers with a 500. */
async function toldEntries(
  consul: ConsulAgent,
  service: string,
): Promise<readonly HealthEntry[] | undefined> {
  const path = `/v1/health/service/${encodeURIComponent(service)}`
  const { status, body } = await consul.api<readonly HealthEntry[]>('GET', path)
  if (status !== 200) return undefined
  return body.toSorted((a, b) => (a.Service.ID < b.Service.ID ? -1 : 1))
}
