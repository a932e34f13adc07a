import { hostname } from 'node:os'
import { isIP } from 'node:net'
import type { Hono } from 'hono'
import { ConsulApi } from './consul-api/consul-api.ts'
import type { ConsulEnv } from './consul-api/routes/request.ts'
import { consulApiRoutes, consulElsewhereRoutes } from './consul-api/routes/routes.ts'
import type { DaemonRegistry, RegistryParts } from './daemon-registry.ts'
import type { Problem } from './model/problem.ts'
import type { Settings } from './settings/settings.ts'
import { version } from './version.ts'

/** What answers under `/v1/` of the admin API. */
export type ServedConsulApi = {
  readonly routes: Hono<ConsulEnv>
  problems(): readonly Problem[]
  /** Until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** The embedded registry under Consul's API; where the registry is Consul, word of where that is. */
export async function openConsulApi(
  opened: DaemonRegistry,
  { settings, clock }: Pick<RegistryParts, 'settings' | 'clock'>,
): Promise<ServedConsulApi> {
  if (opened.embedded === undefined) {
    const report = opened.report()
    return {
      routes: consulElsewhereRoutes(report.kind === 'consul' ? report.addresses : []),
      problems: () => [],
      run: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    }
  }
  const api = await ConsulApi.open({
    registry: opened.embedded,
    clock,
    stateFolder: settings.stateFolder,
    node: hostname(),
    version,
    addressOf: (node) => addressOf(settings, node),
  })
  return {
    routes: consulApiRoutes(api),
    problems: () => api.problems(),
    run: (signal) => api.run(signal),
    stop: () => api.stop(),
  }
}

/** The address of a Docker host that has a name in the settings and is reached by an address. */
function addressOf({ docker }: Settings, node: string): string | undefined {
  const url = docker.find(({ name }) => name === node)?.url
  if (url === undefined || !URL.canParse(url)) return undefined
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(host) === 0 ? undefined : host
}
