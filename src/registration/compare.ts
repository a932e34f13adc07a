import { maintenancePrefix } from './backend.ts'
import type { Registered } from './backend.ts'
import { foreignFinder } from './foreign.ts'
import type { RegistrarEvent } from './registrar-events.ts'
import { hasChecks, isAsWanted } from './same-registration.ts'
import { emptySlot, forgetKnown } from './slot.ts'
import type { Slot } from './slot.ts'
import type { Wanted } from './wanted.ts'

/** Of what is registered and not wanted by its exact id, what is to be deregistered. */
export type Dangling = (
  unwanted: readonly Registered[],
  wanted: readonly Wanted[],
) => readonly Registered[]

export type Comparison = {
  readonly slots: Map<string, Slot>
  /** A full list, by id. */
  readonly listed: ReadonlyMap<string, Registered>
  /** Was it written since the list was asked for? Then the list does not count for it. */
  readonly isNewer: (id: string) => boolean
  readonly isForeignRespected: boolean
  /** Undefined: nothing is cleaned up. */
  readonly dangling: Dangling | undefined
  readonly onEvent: (event: RegistrarEvent) => void
}

/**
 * Brings what is believed of the registry to what it says it has. Afterwards `nextStep` of each
 * slot repairs what is missing or different. Writes nothing.
 */
export function compare(comparison: Comparison): void {
  const { slots, listed, isNewer, onEvent } = comparison
  if (comparison.isForeignRespected) compareForeign(comparison)
  for (const slot of slots.values()) {
    if (isNewer(slot.id)) continue
    const found = listed.get(slot.id)
    if (slot.foreign === slot.id) continue
    if (found === undefined) lost(slot, onEvent)
    else {
      foundAgain(slot, found, onEvent)
      maintenanceAgain(slot, found)
    }
  }
  if (comparison.dangling !== undefined) cleanUp(comparison, comparison.dangling)
}

function lost(slot: Slot, onEvent: (event: RegistrarEvent) => void): void {
  const { id, known, holder, wanted } = slot
  // A registration without an answer may still arrive after this list.
  if (known?.registration === undefined && slot.failure?.isRefused === false) return
  forgetKnown(slot)
  if (known === undefined) return
  if (wanted !== undefined && slot.isAdded) {
    slot.known = { name: known.name, registration: undefined, why: 'missing' }
  } else if (wanted === undefined && !slot.isKept) onEvent({ kind: 'removed', holder, id })
}

function foundAgain(slot: Slot, found: Registered, onEvent: (event: RegistrarEvent) => void): void {
  const { wanted, known } = slot
  const { name } = found
  if (wanted === undefined) {
    if (known === undefined) return
    slot.known = { ...known, name }
    return
  }
  const { registration, holder } = wanted
  if (known?.registration !== undefined) {
    // What was sent last is compared, even if something newer is to be sent.
    if (isAsWanted(found, known.registration)) return
    slot.known = { name, registration: undefined, why: 'different' }
    return
  }
  // The list says nothing of checks: with checks it is sent once, to be sure of them.
  if (known === undefined && isAsWanted(found, registration) && !hasChecks(registration)) {
    slot.known = { name, registration, why: 'changed' }
    if (!slot.isAdded) onEvent({ kind: 'unchanged', holder, registration })
    slot.isAdded = true
    return
  }
  slot.known ??= { name, registration: undefined, why: 'different' }
}

/** Somebody else's maintenance does for ours, and is never ended from here. */
function maintenanceAgain(slot: Slot, { maintenance }: Registered): void {
  if (maintenance === undefined) return
  const isOurs = maintenance === '' || maintenance.startsWith(maintenancePrefix)
  slot.maintenance = isOurs ? maintenance : (slot.wanted?.maintenance ?? '')
}

/** Notes for each slot whether somebody else has its address. */
function compareForeign({ slots, listed, isNewer, onEvent }: Comparison): void {
  const isOwn = (id: string): boolean => slots.get(id)?.known !== undefined
  const find = foreignFinder(listed, isOwn)
  for (const slot of slots.values()) {
    const { id, wanted } = slot
    if (wanted === undefined || isNewer(id)) continue
    const theirs = find(wanted.registration)?.id
    // Theirs under our id: there is nothing of ours left to deregister.
    if (theirs === id) forgetKnown(slot)
    if (theirs === slot.foreign) continue
    const { holder } = wanted
    if (theirs !== undefined) onEvent({ kind: 'foreign', holder, id, theirs })
    else onEvent({ kind: 'foreign-gone', holder, id })
    slot.foreign = theirs
    slot.failure = undefined
  }
}

function cleanUp({ slots, listed, isNewer, onEvent }: Comparison, dangling: Dangling): void {
  const unwanted = [...listed.values()].filter(({ id }) => !slots.has(id) && !isNewer(id))
  const wanted = [...slots.values()].flatMap((slot) => slot.wanted ?? [])
  for (const { id, name } of dangling(unwanted, wanted)) {
    const known = { name, registration: undefined, why: 'different' } as const
    slots.set(id, { ...emptySlot(id), known })
    onEvent({ kind: 'dangling', id, name })
  }
}
