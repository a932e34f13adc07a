import type { LineDifference } from './compare-lines.ts'
import { lastSetting } from './inherited.ts'
import type { Layout, PlacedSection } from './layout.ts'
import type { Setting } from './settings.ts'
import type { Step } from './steps.ts'

/** A section that is in both texts. */
type SectionPair = {
  readonly before: PlacedSection
  readonly after: PlacedSection
  readonly difference: LineDifference
}

/** Settings that commands can change: the steps, and the lines they stand for. */
export type SettingsFound = {
  readonly steps: readonly Step[]
  readonly taken: ReadonlySet<Setting>
}

type Found = { readonly step: Step; readonly lines: readonly Setting[] }

/**
 * The limits that HAProxy takes at runtime: `maxconn` of frontends, also where it comes from their
 * defaults, and of `global`, and the rates of `global` (management.txt §9.3, `set maxconn`,
 * `set rate-limit`). `mostConnections`: what it has made room for when it was loaded, above which
 * only a reload leads; undefined: not known.
 */
export function planSettings(
  pairs: readonly SectionPair[],
  after: Layout,
  mostConnections: number | undefined,
): SettingsFound {
  const found = [
    ...pairs.filter(isOnlyGlobal(after)).flatMap((pair) => globalSettings(pair, mostConnections)),
    ...frontendLimits(pairs, after),
  ]
  // Where servers have a minconn, HAProxy derives their limits from those of the frontends at load.
  const isDerived =
    found.some(({ step }) => step.change.summary.includes('maxconn')) &&
    [...after.sections.values()].some(({ text }) => text.includes('minconn'))
  if (isDerived) return { steps: [], taken: new Set() }
  return {
    steps: found.map(({ step }) => step),
    taken: new Set(found.flatMap(({ lines }) => lines)),
  }
}

/** Several `global` sections, or one within `.if`, are left to a reload. */
function isOnlyGlobal({ sections }: Layout): (pair: SectionPair) => boolean {
  return ({ before, after }) => {
    const isPlain = !before.isConditional && !after.isConditional
    return after.key === 'global' && isPlain && !sections.has('global#2')
  }
}

const rates: ReadonlyMap<string, string> = new Map([
  ['maxconnrate', 'connections'],
  ['maxsessrate', 'sessions'],
  ['maxsslrate', 'ssl-sessions'],
])

function globalSettings(pair: SectionPair, mostConnections: number | undefined): Found[] {
  const found: Found[] = []
  for (const [keyword, rate] of rates) {
    const lines = linesNamed(pair, keyword)
    // Without such a line there is no limit, which is 0.
    const [from, to] = valuesOf(pair, keyword).map((value) => value ?? '0')
    if (lines.length === 0 || !isNumber(from) || !isNumber(to)) continue
    found.push({
      step: globalStep(keyword, from, to, `set rate-limit ${rate} global ${to}`),
      lines,
    })
  }
  const lines = linesNamed(pair, 'maxconn')
  const [from, to] = valuesOf(pair, 'maxconn')
  if (lines.length === 0 || !isLimit(from) || !isLimit(to)) return found
  if (Number(to) > (mostConnections ?? Number(from))) return found
  found.push({ step: globalStep('maxconn', from, to, `set maxconn global ${to}`), lines })
  return found
}

function globalStep(keyword: string, from: string, to: string, command: string): Step {
  const summary = `global: ${keyword} ${from} → ${to}`
  const commands = from === to ? [] : [command]
  return { stage: 'setting', change: { kind: 'global-setting', summary, commands } }
}

/** One command for each frontend of which the limit is another; none at all if one cannot be told. */
function frontendLimits(pairs: readonly SectionPair[], after: Layout): Found[] {
  const isProxy = ({ after: { keyword } }: SectionPair): boolean =>
    keyword === 'frontend' || keyword === 'listen'
  const changed = pairs.filter((pair) => {
    const isPlace = isProxy(pair) || pair.after.keyword === 'defaults'
    return isPlace && linesNamed(pair, 'maxconn').length > 0
  })
  if (changed.length === 0) return []
  const steps: Step[] = []
  for (const pair of pairs.filter(isProxy)) {
    if (pair.before.isConditional || pair.after.isConditional) return []
    const [from, to] = [pair.before, pair.after].map((section) => {
      return lastSetting(section, 'maxconn')?.[0] ?? globalLimit(after)
    })
    if (from === to) continue
    if (from === undefined || !isLimit(from) || !isLimit(to)) return []
    const summary = `${pair.after.key}: maxconn ${from} → ${to}`
    const commands = [`set maxconn frontend ${pair.after.name} ${to}`]
    steps.push({ stage: 'setting', change: { kind: 'frontend-setting', summary, commands } })
  }
  const lines = changed.flatMap((pair) => linesNamed(pair, 'maxconn'))
  const [first, ...rest] = steps
  if (first === undefined) return []
  return [{ step: first, lines }, ...rest.map((step) => ({ step, lines: [] }))]
}

/** What a frontend has that does not say; undefined where HAProxy works it out by itself. */
function globalLimit({ sections }: Layout): string | undefined {
  const global = sections.get('global')
  return global === undefined ? undefined : lastSetting(global, 'maxconn')?.[0]
}

/** The lines with this keyword of which the other text has none like them. */
function linesNamed({ difference: { settings } }: SectionPair, keyword: string): Setting[] {
  return [...settings.removed, ...settings.added].filter(({ words }) => words[0] === keyword)
}

function valuesOf(pair: SectionPair, keyword: string): (string | undefined)[] {
  const valueOf = (section: PlacedSection): string | undefined => lastSetting(section, keyword)?.[0]
  return [pair.before, pair.after].map(valueOf)
}

function isNumber(word: string | undefined): word is string {
  return word !== undefined && /^\d{1,9}$/.test(word)
}

/** Zero stands for something else in a text than in a command. */
function isLimit(word: string | undefined): word is string {
  return isNumber(word) && Number(word) > 0
}
