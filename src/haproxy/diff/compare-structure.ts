import type { Capabilities } from '../capabilities.ts'
import { compareLines, noDifference } from './compare-lines.ts'
import type { LineDifference } from './compare-lines.ts'
import { describeSettings } from './describe-settings.ts'
import { hasServers } from './layout.ts'
import type { Layout, PlacedSection } from './layout.ts'

/** A section that is in both texts. */
export type SectionPair = {
  readonly before: PlacedSection
  readonly after: PlacedSection
  readonly difference: LineDifference
}

export type Structure = {
  readonly pairs: readonly SectionPair[]
  /** One per thing outside server lines that differs; each wants a reload. */
  readonly reasons: readonly string[]
}

/** Compares all that is not a server line. The order of sections makes no difference by itself. */
export function compareStructure(
  before: Layout,
  after: Layout,
  capabilities: Capabilities,
): Structure {
  const pairs: SectionPair[] = []
  const reasons: string[] = []
  for (const section of after.sections.values()) {
    const old = before.sections.get(section.key)
    if (old === undefined) {
      if (!isEmptyPreamble(section)) reasons.push(newSection(section, capabilities))
      continue
    }
    // Inside `.if` it cannot be told which servers exist, so their lines are settings like others.
    const isCertain = hasServers(section) && !old.isConditional && !section.isConditional
    const pair = { before: old, after: section, difference: compareLines(old, section, isCertain) }
    pairs.push(pair)
    for (const reason of describePair(pair)) reasons.push(reason)
  }
  for (const section of before.sections.values()) {
    if (!after.sections.has(section.key) && !isEmptyPreamble(section)) {
      reasons.push(goneSection(section, capabilities))
    }
  }
  if ((before.isConditional || after.isConditional) && !isSameOrder(before, after)) {
    reasons.push('sections stand in another order, and .if makes the order count')
  }
  return { pairs, reasons }
}

function describePair({ before, after, difference }: SectionPair): string[] {
  const label = labelOf(after)
  const reasons = difference === noDifference ? [] : describeText(label, before, after, difference)
  if (before.defaults?.key !== after.defaults?.key) {
    const [from, to] = [parentOf(before), parentOf(after)]
    reasons.push(`${label}: inherits from ${from} → ${to} (line ${after.line})`)
  } else if (before.context !== after.context) {
    reasons.push(`${label}: stands before or after another global section (line ${after.line})`)
  }
  return reasons
}

function describeText(
  label: string,
  before: PlacedSection,
  after: PlacedSection,
  difference: LineDifference,
): string[] {
  const reasons = describeSettings(label, difference.settings)
  const [from, to] = [before.headerWords, after.headerWords]
  if (from.join('\0') !== to.join('\0')) {
    reasons.push(`${label}: ${from.join(' ')} → ${to.join(' ')} (line ${after.line})`)
  }
  return reasons
}

// The seam for HAProxy 3.4 and later, which can add and delete backends: until plans make use of
// that, both are a reload on every version.
function newSection(section: PlacedSection, capabilities: Capabilities): string {
  const label = labelOf(section)
  if (section.keyword !== 'backend' || capabilities.canAddBackend)
    return `${label} is new (line ${section.line})`
  return `${label} is new; this HAProxy (${capabilities.version}) cannot add one at runtime`
}

function goneSection(section: PlacedSection, capabilities: Capabilities): string {
  const label = labelOf(section)
  if (section.keyword !== 'backend' || capabilities.canAddBackend) return `${label} was removed`
  return `${label} was removed; this HAProxy (${capabilities.version}) cannot remove one at runtime`
}

function labelOf(section: PlacedSection): string {
  return section.key === '' ? 'before the first section' : section.key
}

function parentOf({ defaults }: PlacedSection): string {
  return defaults?.key ?? 'nothing'
}

function isEmptyPreamble(section: PlacedSection): boolean {
  return section.keyword === '' && !/^[ \t]*[^ \t\r\n#]/m.test(section.text)
}

function isSameOrder(before: Layout, after: Layout): boolean {
  return [...before.sections.keys()].join('\0') === [...after.sections.keys()].join('\0')
}
