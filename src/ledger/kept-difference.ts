import type { DiffReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { changesBetween, textBetween } from './difference.ts'
import { keptHistory, requireGeneration } from './kept-history.ts'

/** A state by the name it has for people. */
export type NamedState = { readonly generation: number | undefined; readonly state: DesiredState }

/** The difference between two states; as text too where it is wanted. Throws ConfigSyntaxError. */
export function differenceOf(from: NamedState, to: NamedState, isText: boolean): DiffReport {
  const numbers = { from: from.generation ?? 0, to: to.generation }
  const changes = changesBetween(from.state, to.state)
  if (!isText) return { ...numbers, changes }
  return { ...numbers, changes, text: textBetween(named(from), named(to)) }
}

/** Of a history that no daemon writes to; without `to` the newest generation that did not fail. */
export async function differenceKept(
  folder: string,
  from: number,
  to: number | undefined,
  isText: boolean,
): Promise<DiffReport> {
  const before = (await requireGeneration(folder, from)).state
  const after = (await requireGeneration(folder, to ?? (await newestOf(folder)))).state
  return differenceOf({ generation: from, state: before }, { generation: to, state: after }, isText)
}

async function newestOf(folder: string): Promise<number> {
  const changes = await keptHistory(folder, 10_000)
  return changes.findLast(({ how }) => how !== 'failed')?.id ?? 0
}

function named({ generation, state }: NamedState): { name: string; state: DesiredState } {
  return { name: generation === undefined ? 'now' : `generation ${generation}`, state }
}
