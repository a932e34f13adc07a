import { FairleadError } from '../model/errors.ts'
import type { CheckStatus, RegistrationBackend } from './backend.ts'
import { healthCheckId, withHealthStatus } from './endpoint-to-registration.ts'
import type { RegistrarEvent } from './registrar-events.ts'
import { hasSameChecks } from './same-registration.ts'
import { forgetKnown } from './slot.ts'
import type { Slot, Step } from './slot.ts'

/** This request's own fault: others may go through. */
export function isRefusal(error: unknown): boolean {
  return error instanceof FairleadError && error.code === 'consul_refused'
}

/** Does one step and notes in the slot what the registry has now. Throws what the back end throws. */
export async function writeStep(
  slot: Slot,
  step: Step,
  backend: RegistrationBackend,
  signal: AbortSignal,
): Promise<RegistrarEvent | undefined> {
  if (step.kind === 'register') return register(slot, step, backend, signal)
  if (step.kind === 'maintenance') return maintain(slot, step, backend, signal)
  if (step.kind === 'check') return check(slot, step, backend, signal)
  await backend.deregister({ ID: slot.id, Name: step.name }, signal)
  forgetKnown(slot)
  slot.isAdded = false
  return { kind: 'removed', holder: slot.holder, id: slot.id }
}

async function register(
  slot: Slot,
  { wanted }: Extract<Step, { kind: 'register' }>,
  backend: RegistrationBackend,
  signal: AbortSignal,
): Promise<RegistrarEvent> {
  const { registration, holder, health } = wanted
  const before = slot.known
  const why = before?.why ?? 'changed'
  const name = registration.Name
  // From now on the registry may have it, whatever comes of this request.
  slot.known = { name, registration: undefined, why }
  try {
    const sent = health === undefined ? registration : withHealthStatus(registration, health.status)
    await backend.register(sent, signal)
  } catch (error) {
    if (isRefusal(error)) slot.known = before
    throw error
  }
  // What had the id before may have had other checks.
  const isReplaced = before !== undefined && before.why !== 'missing'
  if (isReplaced && !hasSameChecks(before.registration, registration)) {
    await backend.removeOldChecks(registration, signal)
  }
  slot.known = { name, registration, why: 'changed' }
  // A check that the registry had already keeps its state: then that is sent as well.
  const isNew = before === undefined && health !== undefined
  slot.health = isNew ? { status: health.status, output: '' } : undefined
  const { isAdded } = slot
  slot.isAdded = true
  if (isAdded) return { kind: 'refreshed', holder, registration, why }
  return { kind: 'added', holder, registration }
}

async function maintain(
  slot: Slot,
  { wanted }: Extract<Step, { kind: 'maintenance' }>,
  backend: RegistrationBackend,
  signal: AbortSignal,
): Promise<RegistrarEvent> {
  const { id } = slot
  const { maintenance: reason, holder } = wanted
  await unlessLost(slot, () => backend.setMaintenance(id, reason !== '', reason, signal))
  slot.maintenance = reason
  return { kind: 'maintenance', holder, id, reason }
}

async function check(
  slot: Slot,
  { wanted, health }: Extract<Step, { kind: 'check' }>,
  backend: RegistrationBackend,
  signal: AbortSignal,
): Promise<RegistrarEvent | undefined> {
  const { id, health: before } = slot
  slot.isHeartbeatDue = false
  const send = (status: CheckStatus): Promise<void> =>
    unlessLost(slot, () => backend.updateCheck(healthCheckId(id), status, health.output, signal))
  // The check may be critical already since nothing was heard. Consul tells the others a new state
  // at once, and new words for the same one minutes later (manual: `check_update_interval`).
  if (health.status === 'critical' && before?.status !== 'critical') await send('warning')
  await send(health.status)
  slot.health = health
  if (before === undefined || before.status === health.status) return undefined
  return { kind: 'health', holder: wanted.holder, id, status: health.status }
}

/** Consul refuses what concerns a service that it has lost: then it is registered again first. */
async function unlessLost(slot: Slot, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (isRefusal(error) && slot.known !== undefined) {
      slot.known = { ...slot.known, registration: undefined, why: 'missing' }
    }
    throw error
  }
}
