import { openQuarantine } from './daemon-quarantine.ts'
import type { DaemonRegistry } from './daemon-registry.ts'
import type { DaemonRouting } from './daemon-routing.ts'
import type { ServedConsulApi } from './daemon-consul-api.ts'
import type { Paths } from './daemon-settings.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
import type { Settings } from './settings/settings.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'

export type RoutingParts = {
  readonly settings: Settings
  readonly paths: Paths
  readonly opened: DaemonRegistry
  readonly consulApi: ServedConsulApi
  readonly haproxy: Pick<HaproxyInstance, 'validate'>
  readonly clock: Clock
  readonly log: Logger
  /** How long a text must last before what is in it counts as good. */
  readonly provenMs: number
}

/** Built-in routing, or the templates of the settings. Throws what these cannot be read for. */
export async function openRouting(parts: RoutingParts): Promise<DaemonRouting> {
  const { settings, paths, log } = parts
  if (settings.templates.length === 0) {
    return openQuarantine({ ...parts, stateFolder: settings.stateFolder })
  }
  // Neither the template language nor a client for Consul is loaded where it is not needed.
  const { DaemonTemplates } = await import('./daemon-template.ts')
  const { openTemplateSource } = await import('./daemon-template-source.ts')
  const source = openTemplateSource(parts, process.env)
  try {
    return await DaemonTemplates.open({ settings, paths, source, log })
  } catch (error) {
    source.close()
    throw error
  }
}
