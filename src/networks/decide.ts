import type { NetworkReach, NetworkRef } from './contract.ts'
import type { JoinRules, NetworkDetails, Obstacle, PublishedOn } from './rules.ts'
import { obstacleOfTask, obstacleTo } from './rules.ts'

/** A container's place on a network. */
export type Attachment = {
  readonly name: string
  /** Fairlead attached it: the endpoint itself says so. Others are never touched. */
  readonly isOurs: boolean
}

/** A container that has to be on the networks: HAProxy's, or fairlead's own beside it. */
export type Member = {
  readonly id: string
  readonly name: string
  readonly isRunning: boolean
  /** It is a task of a swarm's service: the swarm decides which of its networks it is on. */
  readonly isSwarmTask?: boolean
  /** By network id. */
  readonly attached: ReadonlyMap<string, Attachment>
  readonly publishedOn: PublishedOn
}

/** What is wanted of one network, by everything that wants it. */
export type Want = {
  readonly name: string
  /** Unix ms until which it is kept though nothing is there any more; undefined: something is. */
  readonly untilMs: number | undefined
}

export type Failure = Obstacle & { readonly retryAtMs: number }

export type JoinState = {
  readonly rules: JoinRules
  readonly haproxy: Member
  /** Fairlead's own container, where it has networks of its own. */
  readonly own: Member | undefined
  /** By network id; what the daemon lists. */
  readonly details: ReadonlyMap<string, NetworkDetails>
  /** By network id. */
  readonly wants: ReadonlyMap<string, Want>
  /** By `failureKey`. */
  readonly failures: ReadonlyMap<string, Failure>
  /** Networks that HAProxy is being detached from in this moment. */
  readonly leaving: ReadonlySet<string>
  /** All sources have said what they have: what nobody wants is wanted by nobody. */
  readonly areWantsComplete: boolean
  /** The sources that know things on networks of this daemon alone have. */
  readonly areLocalWantsComplete: boolean
  readonly nowMs: number
}

/** One change of one container's networks. */
export type Step = {
  readonly kind: 'join' | 'leave'
  readonly member: Member
  readonly network: NetworkRef
}

export type Decision = {
  /** The next join; these come first, HAProxy's before fairlead's. */
  readonly join: Step | undefined
  /** Everything that may be left, as soon as nothing of HAProxy's is there. */
  readonly leave: readonly Step[]
  /** When to decide again though nothing happens (Unix ms). */
  readonly wakeAtMs: number | undefined
}

export function failureKey(member: Pick<Member, 'id'>, networkId: string): string {
  return `${member.id} ${networkId}`
}

/**
 * What to do about the networks of HAProxy's container now. It joins what is wanted and allowed;
 * it leaves only what it joined itself, and only what nobody wants or the rules forbid.
 */
export function decide(state: JoinState): Decision {
  const { haproxy, own, wants, nowMs } = state
  const joins: Step[] = []
  const wakes: number[] = []
  for (const [id, want] of wants) {
    if (want.untilMs !== undefined && want.untilMs > nowMs) wakes.push(want.untilMs)
    if (!isWanted(id, state)) continue
    const network = { id, name: want.name }
    for (const member of own === undefined ? [haproxy] : [haproxy, own]) {
      if (!member.isRunning || member.attached.has(id)) continue
      const details = state.details.get(id)
      if (obstacleTo(network, details, state.rules, member) !== undefined) continue
      if (obstacleOfTask(network, details, member) !== undefined) continue
      const retryAtMs = state.failures.get(failureKey(member, id))?.retryAtMs ?? 0
      if (retryAtMs > nowMs) wakes.push(retryAtMs)
      else joins.push({ kind: 'join', member, network })
    }
  }
  const leave = [haproxy, ...(own === undefined ? [] : [own])].flatMap((member) =>
    leavesOf(member, state),
  )
  return {
    join: joins.find(({ member }) => member === haproxy) ?? joins[0],
    leave,
    wakeAtMs: wakes.length === 0 ? undefined : Math.min(...wakes),
  }
}

/** Networks that are wanted or joined and that the daemon has not listed. */
export function unknownNetworks({ haproxy, own, wants, details }: JoinState): readonly string[] {
  const joined = [haproxy, ...(own === undefined ? [] : [own])].flatMap(({ attached }) =>
    [...attached].flatMap(([id, { isOurs }]) => (isOurs ? [id] : [])),
  )
  return [...new Set([...wants.keys(), ...joined])].filter((id) => !details.has(id))
}

/** What it takes to say whether a network is reached: not what is wanted, of which there is much. */
export type ReachState = Pick<JoinState, 'rules' | 'haproxy' | 'details' | 'failures' | 'leaving'>

/** Whether HAProxy reaches a network, for those who ask before they offer something there. */
export function reachOf(network: NetworkRef, state: ReachState): NetworkReach {
  const { haproxy, details, rules, failures } = state
  const known = details.get(network.id)
  const obstacle =
    obstacleTo(network, known, rules, haproxy) ?? obstacleOfTask(network, known, haproxy)
  const attached = haproxy.attached.get(network.id)
  if (attached !== undefined && !state.leaving.has(network.id)) {
    // What was joined under other rules is left again; until then requests move away from it.
    if (!attached.isOurs || obstacle === undefined) return { kind: 'reached' }
  }
  if (obstacle !== undefined) return { kind: 'refused', ...obstacle }
  const failure = failures.get(failureKey(haproxy, network.id))
  if (failure !== undefined) return { kind: 'refused', what: failure.what, hint: failure.hint }
  return {
    kind: 'joining',
    why: haproxy.isRunning
      ? `HAProxy is being attached to network ${JSON.stringify(network.name)}`
      : `HAProxy's container ${haproxy.name} does not run`,
  }
}

function isWanted(id: string, state: JoinState): boolean {
  const want = state.wants.get(id)
  if (want === undefined) return false
  if (want.untilMs !== undefined && want.untilMs <= state.nowMs) return false
  const network = { id, name: want.name }
  const { details, rules, haproxy } = state
  return (
    obstacleTo(network, details.get(id), rules, haproxy) === undefined &&
    obstacleOfTask(network, details.get(id), haproxy) === undefined
  )
}

function leavesOf(member: Member, state: JoinState): Step[] {
  const { areWantsComplete: isAllKnown, areLocalWantsComplete, details } = state
  // An overlay may be wanted by a host that has not answered yet.
  const isKnown = (id: string): boolean =>
    isAllKnown || (areLocalWantsComplete && details.get(id)?.scope === 'local')
  // One that does not run is detached too: else it would be back on the network at its next start.
  return [...member.attached]
    .filter(([id, { isOurs }]) => isOurs && isKnown(id) && !isWanted(id, state))
    .map(([id, { name }]) => ({ kind: 'leave', member, network: { id, name } }))
}
