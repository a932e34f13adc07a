import { escapeWord, unsendable, versionMark } from '../runtime/words.ts'
import { fileLabel } from './file-label.ts'
import { isReference, readPatternFile } from './map-file.ts'
import type { Step } from './steps.ts'

/** So many patterns are added and deleted one by one, at most; with more, all are replaced at once. */
export const mostSinglePatterns = 400

/**
 * What must be done so that a loaded ACL file has the patterns of another, or why only a reload can.
 * Neither their order counts nor how often they are there.
 */
export function planAcl(path: string, old: string, content: string): Step[] | string {
  const [before, after] = [readPatternFile(old), readPatternFile(content)]
  if (before === undefined || after === undefined) {
    return 'has patterns that cannot be changed at runtime'
  }
  const [from, to] = [new Set(before), new Set(after)]
  const added = [...to].filter((pattern) => !from.has(pattern))
  const removed = [...from].filter((pattern) => !to.has(pattern))
  if ([...added, ...removed].some(isReference)) return 'has a pattern that looks like a reference'
  const isFew = added.length + removed.length <= mostSinglePatterns
  const steps = isFew ? singleSteps(path, added, removed) : [replaceAll(path, from.size, to)]
  const commands = steps.flatMap(({ change }) => change.commands)
  const isSendable = commands.every((command) => unsendable(command) === undefined)
  return isSendable ? steps : 'has a pattern that cannot be sent as a command'
}

function singleSteps(path: string, added: readonly string[], removed: readonly string[]): Step[] {
  const [label, file] = [fileLabel('acl', path), escapeWord(path)]
  const step = (verb: string, sign: string, pattern: string): Step => ({
    stage: verb === 'add' ? 'map-set' : 'map-delete',
    change: {
      kind: 'acl-entry',
      summary: `${label}: ${sign} ${pattern}`,
      commands: [`${verb} acl ${file} ${escapeWord(pattern)}`],
    },
  })
  return [
    ...added.map((pattern) => step('add', '+', pattern)),
    ...removed.map((pattern) => step('del', '-', pattern)),
  ]
}

/** All patterns at once; HAProxy takes no payload here (2.6 to 3.4). */
function replaceAll(path: string, before: number, after: ReadonlySet<string>): Step {
  const file = escapeWord(path)
  const commands = [
    `prepare acl ${file}`,
    ...[...after].map((pattern) => `add acl ${versionMark} ${file} ${escapeWord(pattern)}`),
    `commit acl ${versionMark} ${file}`,
  ]
  const summary = `${fileLabel('acl', path)}: all patterns, ${before} → ${after.size}`
  return { stage: 'map-set', change: { kind: 'acl-entry', summary, commands } }
}
