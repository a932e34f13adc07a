import type { Problem } from '../model/problem.ts'
import { shown, shownName } from './label-values.ts'
import { noServiceLabels, type ServiceKey, type ServiceLabels, serviceKeys } from './labels.ts'
import type { Member } from './member.ts'

export type Consensus = { readonly labels: ServiceLabels; readonly notes: readonly Problem[] }

/**
 * The label values that hold for a whole service. Where its endpoints disagree (a rolling change),
 * the value of the newest healthy one wins once at least half of them carry it; until then the one
 * in force stays, with a note. One in force that nobody carries any more is over: the newest wins.
 *
 * Endpoints that are draining do not count as long as others are there. `inForce` is undefined for
 * a service that was never routed; then the oldest endpoint stands for what was there before.
 */
export function consensusOf(
  service: string,
  members: readonly Member[],
  inForce: Readonly<Record<string, string>> | undefined,
): Consensus {
  const [first] = members
  if (first === undefined) throw new RangeError(`service ${service} has no endpoint to agree`)
  const { signature } = first.labels
  if (members.every((member) => member.labels.signature === signature)) {
    return { labels: first.labels.service, notes: [] }
  }
  const staying = members.filter((member) => member.endpoint.draining === undefined)
  const voters = (staying.length === 0 ? [...members] : staying).sort(byAge)
  const notes: Problem[] = []
  const decide = (key: ServiceKey): string => {
    const decided = decideOne(key, voters, inForce)
    if (decided.note !== '')
      notes.push({ where: `service ${shownName(service)}`, what: decided.note, hint })
    return decided.value
  }
  return {
    labels: serviceKeys.reduce<ServiceLabels>(
      (labels, key) => ({ ...labels, [key]: decide(key) }),
      noServiceLabels,
    ),
    notes,
  }
}

const hint = 'finish the rolling change, or give all its containers the same label'

/** `voters`: oldest first. */
function decideOne(
  key: ServiceKey,
  voters: readonly Member[],
  inForce: Readonly<Record<string, string>> | undefined,
): { value: string; note: string } {
  const valueOf = (member: Member | undefined): string => member?.labels.service[key] ?? ''
  const newest = valueOf(voters.findLast((voter) => voter.isHealthy) ?? voters.at(-1))
  const old = inForce === undefined ? valueOf(voters[0]) : (inForce[key] ?? '')
  const carriers = voters.filter((voter) => valueOf(voter) === newest).length
  const isOldCarried = voters.some((voter) => valueOf(voter) === old)
  if (newest === old || carriers * 2 >= voters.length || !isOldCarried) {
    return { value: newest, note: '' }
  }
  return {
    value: old,
    note:
      `its containers disagree about fairlead.${key}: ${said(old)} stays until half of them ` +
      `say ${said(newest)} (${carriers} of ${voters.length} do)`,
  }
}

function said(value: string): string {
  return value === '' ? 'none' : shown(value)
}

function byAge(a: Member, b: Member): number {
  const byTime = a.endpoint.startedAtMs - b.endpoint.startedAtMs
  return byTime !== 0 ? byTime : a.endpoint.id < b.endpoint.id ? -1 : 1
}
