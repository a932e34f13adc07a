import { basename } from 'node:path'
import type { DesiredState } from '../../model/desired-state.ts'
import { escapeWord, unsendable } from '../runtime/words.ts'
import { fileUse, readMapFile } from './map-file.ts'
import type { Findings, Step } from './steps.ts'

/** HAProxy looks for the entry to set or delete one by one; above this a reload is quicker. */
export const mostMapChanges = 5_000

type Files = ReadonlyMap<string, string>

/**
 * What must be done about files that differ. Entries of a map are changed at runtime, any other
 * file wants a reload. A file that is no longer wanted is left alone.
 */
export function planFiles(before: Files, desired: DesiredState): Findings {
  const findings: Findings = { steps: [], reasons: [] }
  for (const [path, content] of desired.files) {
    const old = before.get(path)
    if (old === content) continue
    const result = planFile(path, old, content, desired.config)
    if (typeof result === 'string') {
      findings.reasons.push({ kind: 'file', text: `file ${path}: ${result}` })
    } else findings.steps.push(...result)
  }
  return findings
}

function planFile(
  path: string,
  old: string | undefined,
  content: string,
  config: string,
): Step[] | string {
  if (old === undefined) return 'the content that was loaded is not known'
  const use = fileUse(config, path)
  if (use === 'other') return 'differs, and is not known to be a map'
  const before = readMapFile(old)
  const after = readMapFile(content)
  if (before === undefined || after === undefined) {
    return 'has entries that cannot be changed one by one at runtime'
  }
  if (use === 'ordered' && !onlyAppends(before, after)) {
    return 'its entries stand in another order, and the first match counts'
  }
  const steps = mapSteps(path, before, after)
  if (steps.length > mostMapChanges) {
    return `${steps.length} entries differ; above ${mostMapChanges} a reload is quicker`
  }
  const problem = steps
    .flatMap(({ change }) => change.commands)
    .find((command) => unsendable(command) !== undefined)
  return problem === undefined ? steps : 'has an entry that cannot be sent as a command'
}

/** Whether `after` is `before` without some entries, and new ones only at its end. */
function onlyAppends(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): boolean {
  const expected = [...before.keys()].filter((key) => after.has(key))
  const keys = [...after.keys()]
  return expected.every((key, index) => keys[index] === key)
}

function mapSteps(
  path: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Step[] {
  const label = `map ${basename(path).replace(/(?<=.)\.[^.]*$/, '')}`
  const file = escapeWord(path)
  const steps: Step[] = []
  const step = (stage: Step['stage'], what: string, command: string): void => {
    const change = { kind: 'map-entry', summary: `${label}: ${what}`, commands: [command] } as const
    steps.push({ stage, change })
  }
  for (const [key, value] of after) {
    const old = before.get(key)
    if (old === value) continue
    // `add map` on a key that exists would make a second entry, `set map` needs one.
    const verb = old === undefined ? 'add' : 'set'
    const what = old === undefined ? `+ ${key} → ${value}` : `~ ${key} ${old} → ${value}`
    step('map-set', what, `${verb} map ${file} ${escapeWord(key)} ${escapeWord(value)}`)
  }
  for (const key of before.keys()) {
    if (!after.has(key)) step('map-delete', `- ${key}`, `del map ${file} ${escapeWord(key)}`)
  }
  return steps
}
