import type { Capabilities } from '../capabilities.ts'
import { compareLines, noDifference } from './compare-lines.ts'
import type { LineDifference } from './compare-lines.ts'
import { describeSettings } from './describe-settings.ts'
import { hasServers } from './layout.ts'
import type { Layout, PlacedSection } from './layout.ts'
import type { ReloadReason, RunningState } from './plan.ts'
import { goneSection, labelOf, newSection } from './plan-sections.ts'
import { planSettings } from './runtime-settings.ts'
import type { Setting } from './settings.ts'
import type { Step } from './steps.ts'

/** A section that is in both texts. */
export type SectionPair = {
  readonly before: PlacedSection
  readonly after: PlacedSection
  readonly difference: LineDifference
}

export type Structure = {
  readonly pairs: readonly SectionPair[]
  /** Backends that are only in the new text, and that commands can make. */
  readonly added: readonly PlacedSection[]
  /** Backends that are only in the old text, and that commands can end. */
  readonly gone: readonly PlacedSection[]
  /** Settings that commands can change. */
  readonly steps: readonly Step[]
  /** One per thing outside server lines that differs and wants a reload. */
  readonly reasons: readonly ReloadReason[]
}

/** Compares all that is not a server line. The order of sections makes no difference by itself. */
export function compareStructure(
  before: Layout,
  after: Layout,
  capabilities: Capabilities,
  running: Pick<RunningState, 'mostConnections'> = {},
): Structure {
  const pairs: SectionPair[] = []
  const added: PlacedSection[] = []
  const gone: PlacedSection[] = []
  const reasons: ReloadReason[] = []
  for (const section of after.sections.values()) {
    const old = before.sections.get(section.key)
    if (old === undefined) {
      if (isEmptyPreamble(section)) continue
      const reason = newSection(section, after, capabilities)
      if (reason !== undefined) reasons.push(reason)
      else added.push(section)
      continue
    }
    // Inside `.if` it cannot be told which servers exist, so their lines are settings like others.
    const isCertain = hasServers(section) && !old.isConditional && !section.isConditional
    const pair = { before: old, after: section, difference: compareLines(old, section, isCertain) }
    pairs.push(pair)
  }
  const { steps, taken } = planSettings(pairs, after, running.mostConnections)
  for (const pair of pairs) reasons.push(...describePair(pair, taken))
  for (const section of before.sections.values()) {
    if (after.sections.has(section.key) || isEmptyPreamble(section)) continue
    const reason = goneSection(section, before, capabilities)
    if (reason !== undefined) reasons.push(reason)
    else if (section.keyword === 'backend') gone.push(section)
  }
  if ((before.isConditional || after.isConditional) && !isSameOrder(before, after)) {
    const text = 'sections stand in another order, and .if makes the order count'
    reasons.push({ kind: 'section', text })
  }
  return { pairs, added, gone, steps, reasons }
}

function describePair(
  { before, after, difference }: SectionPair,
  taken: ReadonlySet<Setting>,
): ReloadReason[] {
  const label = labelOf(after)
  const { line } = after
  const reasons =
    difference === noDifference
      ? []
      : describeText(label, before, after, withoutTaken(difference, taken))
  if (before.defaults?.key !== after.defaults?.key) {
    const [from, to] = [parentOf(before), parentOf(after)]
    const text = `${label}: inherits from ${from} → ${to} (line ${line})`
    reasons.push({ kind: 'section', text, section: label, line })
  } else if (before.context !== after.context) {
    const text = `${label}: stands before or after another global section (line ${line})`
    reasons.push({ kind: 'section', text, section: label, line })
  }
  return reasons
}

function describeText(
  label: string,
  before: PlacedSection,
  after: PlacedSection,
  difference: LineDifference,
): ReloadReason[] {
  const reasons = describeSettings(label, difference.settings)
  const { line } = after
  const [from, to] = [before.headerWords, after.headerWords]
  if (from.join('\0') !== to.join('\0')) {
    const text = `${label}: ${from.join(' ')} → ${to.join(' ')} (line ${line})`
    reasons.push({ kind: 'section', text, section: label, line })
  }
  return reasons
}

/** What is left for a reload. */
function withoutTaken(difference: LineDifference, taken: ReadonlySet<Setting>): LineDifference {
  if (taken.size === 0) return difference
  const { removed, added, reorderedAt } = difference.settings
  const isLeft = (setting: Setting): boolean => !taken.has(setting)
  const settings = { removed: removed.filter(isLeft), added: added.filter(isLeft), reorderedAt }
  return { ...difference, settings }
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
