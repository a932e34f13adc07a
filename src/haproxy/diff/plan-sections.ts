import type { Capabilities } from '../capabilities.ts'
import type { PlacedSection } from './layout.ts'
import type { Findings } from './steps.ts'

/** What a section that is only in the new text asks for. */
export function newSection(section: PlacedSection, capabilities: Capabilities): Findings {
  const [label, { line }] = [labelOf(section), section]
  const isReload = section.keyword !== 'backend' || capabilities.canAddBackend
  const text = isReload
    ? `${label} is new (line ${line})`
    : `${label} is new; this HAProxy (${capabilities.version}) cannot add one at runtime`
  return { steps: [], reasons: [{ kind: 'section', text, section: label, line }] }
}

/** What a section that is only in the old text asks for. */
export function goneSection(section: PlacedSection, capabilities: Capabilities): Findings {
  const [label, { line }] = [labelOf(section), section]
  const isReload = section.keyword !== 'backend' || capabilities.canAddBackend
  const text = isReload
    ? `${label} was removed`
    : `${label} was removed; this HAProxy (${capabilities.version}) cannot remove one at runtime`
  return { steps: [], reasons: [{ kind: 'section', text, section: label, line }] }
}

/** As people write it. */
export function labelOf(section: PlacedSection): string {
  return section.key === '' ? 'before the first section' : section.key
}
