import type { Decision } from '../model/problem.ts'
import type { Placement } from './contract.ts'
import { shownName } from './label-values.ts'
import type { Member } from './member.ts'
import type { Selection } from './select.ts'

const routed = new WeakMap<Member, Placement>()
const left = new WeakMap<Selection, Placement>()

/** Where a routed endpoint ended up. */
export function routedPlacement(member: Member, backend: string): Placement {
  let placement = routed.get(member)
  if (placement === undefined) {
    const { server, admin, reason, weight, selection, endpoint } = member
    const target: Decision = {
      step: 'backend',
      outcome: 'ok',
      what: `service ${shownName(endpoint.service)} is backend ${backend}`,
    }
    const state: Decision =
      admin === 'ready'
        ? { step: 'server', outcome: 'ok', what: `server ${server} is ready, weight ${weight}` }
        : { step: 'server', outcome: 'stop', what: `server ${server} is in ${admin}: ${reason}` }
    const decisions = [...selection.decisions, target, state]
    placement = { isRouted: true, backend, server, admin, weight, reason, decisions }
    routed.set(member, placement)
  }
  return placement
}

/** An endpoint that is not routed, with the decision that says why. */
export function unroutedPlacement(selection: Selection): Placement {
  let placement = left.get(selection)
  if (placement === undefined) {
    placement = { isRouted: false, decisions: selection.decisions }
    left.set(selection, placement)
  }
  return placement
}
