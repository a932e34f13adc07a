import type { RoutingSettings } from '../contract.ts'
import type { RoutedService } from '../routed-service.ts'
import { renderBackend, renderNoneBackend } from './backend.ts'
import { renderDefaults } from './defaults.ts'
import { renderFrontend } from './frontend.ts'
import { renderGlobal } from './global.ts'

const preamble = '# Written by fairlead; changes made here are lost. See "fairlead status".\n'

const noHosts: readonly string[] = []

type Fixed = { readonly head: string; readonly none: string }
const fixedParts = new WeakMap<RoutingSettings, Fixed>()

/**
 * The whole configuration: equal input gives an equal text, byte for byte. `services` sorted by
 * name; `hosts`: by service name.
 */
export function renderConfig(
  settings: RoutingSettings,
  services: readonly RoutedService[],
  hosts: ReadonlyMap<string, readonly string[]>,
): string {
  const { head, none } = fixedOf(settings)
  const parts = [head, '\n', none]
  for (const service of services) {
    parts.push('\n')
    const backend = renderBackend(service, hosts.get(service.name) ?? noHosts, settings.timeouts)
    for (const part of backend) parts.push(part)
  }
  return parts.join('')
}

function fixedOf(settings: RoutingSettings): Fixed {
  let fixed = fixedParts.get(settings)
  if (fixed === undefined) {
    const parts = [renderGlobal(settings), renderDefaults(settings), renderFrontend(settings)]
    fixed = { head: preamble + parts.join('\n'), none: renderNoneBackend() }
    fixedParts.set(settings, fixed)
  }
  return fixed
}
