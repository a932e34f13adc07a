import { showWords } from '../config/split-words.ts'
import type { LineDifference } from './compare-lines.ts'
import type { ReloadReason } from './plan.ts'
import type { Setting } from './settings.ts'

/** More lines than this that differ in one section are counted, not listed. */
const mostListed = 50
/** In characters. */
const mostShown = 120

/** One sentence per setting that differs: `global: maxconn 100 → 200 (line 3)`. */
export function describeSettings(
  label: string,
  settings: LineDifference['settings'],
): ReloadReason[] {
  const { removed, added, reorderedAt } = settings
  if (reorderedAt !== undefined && removed.length + added.length === 0)
    return [reason(label, 'settings stand in another order', reorderedAt)]
  if (removed.length + added.length > mostListed) {
    const line = (added[0] ?? removed[0])?.number ?? 0
    const what = `${removed.length} lines removed, ${added.length} added`
    return [reason(label, what, line, 'from line')]
  }
  const reasons: ReloadReason[] = []
  const rest = [...removed]
  for (const setting of added) {
    const at = nearest(setting, rest)
    const old = at === -1 ? undefined : rest.splice(at, 1)[0]
    reasons.push(reason(label, describe(old, setting), setting.number))
  }
  for (const old of rest)
    reasons.push(reason(label, `${clip(old.words)} removed`, old.number, 'was line'))
  return reasons
}

function reason(section: string, what: string, line: number, at = 'line'): ReloadReason {
  return { kind: 'setting', text: `${section}: ${what} (${at} ${line})`, section, line }
}

/** The removed setting that shares most first words, at least one; -1: none does. */
function nearest({ words }: Setting, removed: readonly Setting[]): number {
  let best = -1
  let mostCommon = 0
  for (const [index, old] of removed.entries()) {
    const common = commonWords(old.words, words)
    if (common > mostCommon) [best, mostCommon] = [index, common]
  }
  return best
}

function describe(old: Setting | undefined, setting: Setting): string {
  if (old === undefined) return `${clip(setting.words)} added`
  const common = commonWords(old.words, setting.words)
  const shown = setting.words.slice(0, common)
  return `${clip(shown)} ${clip(old.words.slice(common)) || '(none)'} → ${clip(setting.words.slice(common)) || '(none)'}`
}

function commonWords(one: readonly string[], other: readonly string[]): number {
  let common = 0
  while (common < one.length && one[common] === other[common]) common += 1
  return common
}

function clip(words: readonly string[]): string {
  const text = showWords(words)
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text
}
