import type { Capabilities } from '../capabilities.ts'
import { cannotBeDynamic } from './dynamic-backend.ts'
import type { Layout, PlacedSection } from './layout.ts'
import type { ReloadReason } from './plan.ts'

/** Why a section that is only in the new text wants a reload; undefined: it can be made at runtime. */
export function newSection(
  section: PlacedSection,
  layout: Layout,
  capabilities: Capabilities,
): ReloadReason | undefined {
  const { line } = section
  const label = labelOf(section)
  const reason = (text: string): ReloadReason => ({ kind: 'section', text, section: label, line })
  if (section.keyword !== 'backend') return reason(`${label} is new (line ${line})`)
  const { canAddBackend, version } = capabilities
  if (!canAddBackend) {
    return reason(`${label} is new; this HAProxy (${version}) cannot add one at runtime`)
  }
  const why = cannotBeDynamic(section, layout)
  return why === undefined ? undefined : reason(`${label} is new, and wants a reload: ${why}`)
}

/**
 * Why a section that is only in the old text wants a reload; undefined: it can be ended at runtime,
 * or, as named `defaults` that nothing takes its settings from any more, makes no difference.
 */
export function goneSection(
  section: PlacedSection,
  layout: Layout,
  capabilities: Capabilities,
): ReloadReason | undefined {
  const { line } = section
  const label = labelOf(section)
  const reason = (text: string): ReloadReason => ({ kind: 'section', text, section: label, line })
  if (section.keyword === 'defaults' && section.name !== '' && !section.isConditional) {
    // What still took its settings from it is told by itself: it has other defaults now.
    return undefined
  }
  if (section.keyword !== 'backend') return reason(`${label} was removed`)
  const { canAddBackend, version } = capabilities
  if (!canAddBackend) {
    return reason(`${label} was removed; this HAProxy (${version}) cannot remove one at runtime`)
  }
  const why = cannotBeDynamic(section, layout)
  return why === undefined ? undefined : reason(`${label} was removed, and wants a reload: ${why}`)
}

/** As people write it. */
export function labelOf(section: PlacedSection): string {
  return section.key === '' ? 'before the first section' : section.key
}
