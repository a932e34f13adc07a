import type { Problem } from '../model/problem.ts'
import type { RegistrarCounters, RegistrarState } from './registrar-events.ts'
import { isRegistered, nextStep } from './slot.ts'
import type { Slot } from './slot.ts'

export type StateSources = {
  readonly slots: Iterable<Slot>
  readonly counters: RegistrarCounters
  readonly isReachable: boolean
  /** Why the registry is taken to be away; undefined: it is not. */
  readonly outageError: string | undefined
  /** Why it does not tell what it has, else empty. */
  readonly listError: string
}

/** What a registrar shows of itself. */
export function registrarState(from: StateSources): RegistrarState {
  const slots = [...from.slots]
  const wanted = slots.filter((slot) => slot.wanted !== undefined)
  return {
    wanted: wanted.length,
    registered: wanted.filter((slot) => slot.foreign === undefined && isRegistered(slot)).length,
    pending: slots.filter((slot) => isPending(slot)).length,
    refused: slots.filter(({ failure }) => failure?.isRefused === true).length,
    isReachable: from.isReachable,
    error: from.outageError ?? '',
    foreign: slots.flatMap(({ id, foreign: theirs }) =>
      theirs === undefined ? [] : [{ id, theirs }],
    ),
    problems: [...listProblem(from.listError), ...slots.flatMap((slot) => problemsOf(slot))],
    counters: from.counters,
  }
}

function isPending(slot: Slot): boolean {
  return slot.isBusy || slot.listAfter !== undefined || nextStep(slot) !== undefined
}

function problemsOf(slot: Slot): readonly Problem[] {
  const { id, failure, foreign, wanted, holder } = slot
  const name = holder === undefined ? '' : `${holder.kind} ${holder.name}, `
  const where = `${name}service ${id}`
  const problems: Problem[] = [...(wanted?.problems ?? [])]
  if (failure !== undefined) {
    const what = `${failure.isRefused ? 'the registry refused it' : 'it failed'}: ${failure.error}`
    const hint = ['it is tried again', failure.hint].filter((each) => each !== '').join('; ')
    problems.push({ where, what, hint })
  }
  if (foreign !== undefined) {
    problems.push({
      where,
      what: `somebody else registered its address as ${foreign}, so it is not registered`,
      hint: 'end the other program that registers the containers of this host, or this one',
    })
  }
  return problems
}

function listProblem(error: string): readonly Problem[] {
  if (error === '') return []
  return [
    {
      where: 'registry',
      what: `it does not tell what is registered: ${error}`,
      hint: 'give the token the right to read services',
    },
  ]
}
