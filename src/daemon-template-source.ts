import { withoutOwnService } from './cluster/own-service.ts'
import { consulOptions, type Environment } from './consul/address.ts'
import { ConsulClient } from './consul/client.ts'
import { InProcessConsul } from './consul-api/in-process.ts'
import type { ServedConsulApi } from './daemon-consul-api.ts'
import type { DaemonRegistry } from './daemon-registry.ts'
import type { Settings } from './settings/settings.ts'
import type { Clock } from './support/clock.ts'
import type { WatchedSource } from './template/contract.ts'
import { ConsulSource } from './template/watch/consul-source.ts'

export type TemplateSourceParts = {
  readonly settings: Pick<Settings, 'registry'>
  readonly opened: Pick<DaemonRegistry, 'embedded'>
  readonly consulApi: Pick<ServedConsulApi, 'routes'>
  readonly clock: Clock
}

/** Beside the 64 of registry and registrar, of the 200 that an agent allows a client by default. */
const mostConnections = 64
/** Without an end: what is known from before stays, and HAProxy serves it. */
const retry = { isEnabled: true, attempts: 0, backoffMs: 250, mostBackoffMs: 15_000 }

/**
 * What templates ask: the Consul that is the registry; else the embedded registry, within this
 * process, where nothing limits how many may wait.
 */
export function openTemplateSource(
  { settings, opened, consulApi, clock }: TemplateSourceParts,
  environment: Environment,
): WatchedSource {
  const isEmbedded = opened.embedded !== undefined
  const consul = isEmbedded
    ? new InProcessConsul(consulApi.routes)
    : withoutOwnService(
        new ConsulClient(consulOptions(settings.registry, environment), { mostConnections }),
      )
  const most = isEmbedded ? Infinity : mostConnections
  const source = new ConsulSource({ consul, clock, retry, mostConnections: most })
  return {
    recall: (dependency) => source.recall(dependency),
    follow: (dependencies) => source.follow(dependencies),
    onEvent: (listener) => source.onEvent(listener),
    failing: () => source.failing(),
    close: () => {
      source.close()
      consul.close()
    },
  }
}
