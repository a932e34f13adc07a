import type { RoutingSettings } from '../contract.ts'
import type { RoutedService } from '../routed-service.ts'
import { renderBackend, renderNoneBackend } from './backend.ts'
import { renderDefaults } from './defaults.ts'
import { renderFrontend } from './frontend.ts'
import { renderGlobal } from './global.ts'
import { renderProfiles } from './profiles.ts'

const preamble = '# Written by fairlead; changes made here are lost. See "fairlead status".\n'

/** What stands before the services' backends, and the same where there are none. */
type Fixed = { readonly before: readonly string[]; readonly alone: readonly string[] }
const fixedParts = new WeakMap<RoutingSettings, Fixed>()

/**
 * The whole configuration, cut before section headers: equal input gives an equal text, byte for
 * byte, and what did not change is the same string. `services` sorted by name.
 */
export function renderSections(
  settings: RoutingSettings,
  services: readonly RoutedService[],
): readonly string[] {
  const { before, alone } = fixedOf(settings)
  if (services.length === 0) return alone
  const backends = services.map((service, index) => {
    const end = index === services.length - 1 ? '' : '\n'
    return renderBackend(service, settings, end)
  })
  return [...before, ...backends]
}

function fixedOf(settings: RoutingSettings): Fixed {
  let fixed = fixedParts.get(settings)
  if (fixed === undefined) {
    const parts = [
      renderGlobal(settings),
      renderDefaults(settings),
      ...renderProfiles(settings),
      renderFrontend(settings),
    ]
    const head = `${preamble}${parts.join('\n')}\n`
    const none = renderNoneBackend()
    fixed = { before: [head, `${none}\n`], alone: [head, none] }
    fixedParts.set(settings, fixed)
  }
  return fixed
}
