import type { Observation } from '../model/candidate.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import { Backoff } from '../support/backoff.ts'
import { Alarm, isDue } from './alarm.ts'
import type { Registered } from './backend.ts'
import { compare } from './compare.ts'
import { hasOtherRegistrar } from './foreign.ts'
import { ListSchedule } from './list-schedule.ts'
import { removalVerdict } from './removal.ts'
import type { RegistrarEvent, RegistrarState } from './registrar-events.ts'
import type { RegistrarOptions } from './registrar-options.ts'
import { registrarState } from './registrar-state.ts'
import { emptySlot, isEmpty, nextStep } from './slot.ts'
import type { Slot, Step } from './slot.ts'
import { Claims, isSameWish } from './wanted.ts'
import type { Gone } from './wanted.ts'
import { isRefusal, writeStep } from './write-step.ts'

const mostWrites = 8
/** Of these, so that there is always room for what has just changed. */
const mostHeartbeats = 4
const firstRetryMs = 1000
const mostRetryMs = 60_000
const firstReconnectMs = 100
const mostReconnectMs = 5000

type Listed = ReadonlyMap<string, Registered> | undefined

/** The registry is taken to be away until a list succeeds. */
type Outage = { readonly backoff: Backoff; readonly error: string; readonly hasListFailed: boolean }

/**
 * Keeps a registry in step with what sources observe, for ever. Of each service only the newest
 * wanted state counts; what changes back before it was sent is not sent. At most 8 writes are under
 * way, one for each service. Nothing is written while the registry does not answer. When it ends,
 * everything stays registered.
 */
export class Registrar {
  readonly #options: RegistrarOptions
  readonly #claims: Claims
  readonly #slots = new Map<string, Slot>()
  /** May have something to do, in the order in which it came. */
  readonly #ready = new Set<Slot>()
  /** Heart-beats are due; they wait while anything is ready. */
  readonly #beating = new Set<Slot>()
  /** Failed, and wait for their time. */
  readonly #waiting = new Set<Slot>()
  readonly #counters = { registrations: 0, deregistrations: 0, retries: 0, heartbeats: 0 }
  readonly #alarm: Alarm
  readonly #lists: ListSchedule
  /** Writes that are under way. */
  readonly #writing = new Set<Promise<void>>()
  #isListing = false
  /** Ids written while the list is under way: it does not count for them. */
  readonly #written = new Set<string>()
  #hasListed = false
  /** False: the registry cannot say what it has. */
  #isListable = true
  /** Somebody else registers containers here: before each registration it is looked for theirs. */
  #isBesideAnother = false
  #listError = ''
  #outage: Outage | undefined
  #heartbeatDueMs = 0
  #settledWaiters: (() => void)[] = []

  constructor(options: RegistrarOptions) {
    const { clock, cycleMs, deregister, deregisterOn } = options
    this.#options = options
    this.#alarm = new Alarm(clock)
    this.#lists = new ListSchedule(cycleMs)
    // `never` holds for a container that is being stopped, too.
    const isNever = deregister === 'never' && deregisterOn === 'stop'
    this.#claims = new Claims({ ...options, deregisterOn: isNever ? 'die' : deregisterOn })
  }

  /** Takes what a source learnt; never waits. */
  accept(observation: Observation): void {
    const { ids, gone } = this.#claims.apply(observation)
    for (const each of gone) {
      if (each.isStale) this.#emit({ kind: 'stale', holder: each.holder })
    }
    for (const id of ids) this.#want(id, observation.isComplete)
    for (const each of gone) this.#keepIfTold(each)
    this.#alarm.ring()
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      const now = clock.now()
      this.#releaseWaiting(now)
      this.#beat(now)
      if (!this.#isListing && this.#lists.isDue(now)) void this.#list(signal)
      this.#startWrites(signal)
      this.#tellSettled()
      await this.#alarm.sleep(this.#nextDueMs() - now, signal)
    }
    await Promise.all(this.#writing)
    this.#lists.end()
    for (const resolve of this.#settledWaiters.splice(0)) resolve()
  }

  get #isForeignRespected(): boolean {
    return this.#options.isForeignRespected && this.#options.registration.isOwnerMarked
  }

  /** Resolves when a list that is asked for from now on was compared; repairs are then on their way. */
  verify(): Promise<void> {
    const done = this.#lists.next()
    this.#listSoon()
    return done
  }

  /** As `verify`; to a registry that cannot list everything is sent again. */
  resync(): Promise<void> {
    if (this.#isListable) return this.verify()
    for (const slot of this.#slots.values()) {
      if (slot.wanted === undefined || slot.known === undefined) continue
      slot.known = { ...slot.known, registration: undefined, why: 'resync' }
      this.#ready.add(slot)
    }
    return this.settled()
  }

  /** Resolves when there is nothing left to do but retries of what failed by itself. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settledWaiters.push(resolve)
      this.#alarm.ring()
    })
  }

  state(): RegistrarState {
    return registrarState({
      slots: this.#slots.values(),
      counters: { ...this.#counters },
      outageError: this.#outage?.error,
      listError: this.#listError,
      isReachable: this.#hasListed && this.#outage === undefined,
    })
  }

  #want(id: string, isFromFullList: boolean): void {
    const wanted = this.#claims.wanted(id)
    const slot = this.#slots.get(id) ?? emptySlot(id)
    const isNew = slot.wanted === undefined && slot.known === undefined
    if (wanted === undefined && isNew) return
    this.#slots.set(id, slot)
    // What an earlier run or somebody else has registered is to be known first.
    const isListNeeded = isFromFullList || !this.#hasListed || this.#isBesideAnother
    if (isNew && isListNeeded && this.#isListable) {
      slot.listAfter = this.#lists.started
      this.#listSoon()
    }
    const before = slot.wanted
    if (isSameWish(before, wanted)) {
      // The same object as before: further comparisons cost nothing.
      slot.wanted = wanted && { ...wanted, ...(before && { registration: before.registration }) }
    } else {
      slot.wanted = wanted
      // A new wish gets its try at once, whatever the fate of the last.
      this.#release(slot)
    }
    slot.holder = wanted?.holder ?? slot.holder
    slot.isKept = false
    if (wanted === undefined) slot.foreign = undefined
    this.#ready.add(slot)
  }

  /** Decides for services whose container ended: they go, or stay as they are. */
  #keepIfTold({ holder, ids, exitCode: code }: Gone): void {
    const end =
      code === undefined ? ({ kind: 'gone' } as const) : ({ kind: 'exited', code } as const)
    const { isRemoved, why } = removalVerdict(this.#options.deregister, end)
    if (isRemoved) return
    for (const id of ids) {
      const slot = this.#slots.get(id)
      if (slot === undefined || slot.wanted !== undefined || slot.known === undefined) continue
      slot.isKept = true
      this.#emit({ kind: 'kept', holder, id, why })
    }
  }

  #startWrites(signal: AbortSignal): void {
    if (!this.#hasListed || this.#outage !== undefined) return
    this.#startFrom(this.#ready, mostWrites, signal)
    if (this.#ready.size === 0) this.#startFrom(this.#beating, mostHeartbeats, signal)
  }

  #startFrom(queue: Set<Slot>, most: number, signal: AbortSignal): void {
    for (const slot of queue) {
      if (this.#writing.size >= most) return
      queue.delete(slot)
      if (slot.isBusy || this.#waiting.has(slot)) continue
      const step = nextStep(slot)
      if (step !== undefined) {
        this.#start(slot, step, signal)
        continue
      }
      // What failed was done after all, or is not wanted any longer.
      slot.failure = undefined
      if (isEmpty(slot)) this.#slots.delete(slot.id)
    }
  }

  #start(slot: Slot, step: Step, signal: AbortSignal): void {
    slot.isBusy = true
    if (slot.failure !== undefined) this.#counters.retries++
    const writing = writeStep(slot, step, this.#options.backend, signal).then(
      (event) => this.#wrote(slot, step, event),
      (error: unknown) => {
        if (!signal.aborted) this.#failed(slot, step, error)
      },
    )
    const ended = writing.finally(() => {
      if (this.#isListing) this.#written.add(slot.id)
      slot.isBusy = false
      this.#writing.delete(ended)
      this.#ready.add(slot)
      this.#alarm.ring()
    })
    this.#writing.add(ended)
  }

  #wrote(slot: Slot, step: Step, event: RegistrarEvent | undefined): void {
    slot.failure = undefined
    this.#count(step)
    if (event !== undefined) this.#emit(event)
  }

  #count({ kind }: Step): void {
    if (kind === 'deregister') this.#counters.deregistrations++
    if (kind === 'check') this.#counters.heartbeats++
    if (kind !== 'register') return
    this.#counters.registrations++
    if (this.#isForeignRespected) this.#lists.lookAgain(this.#options.clock.now())
  }

  #failed(slot: Slot, step: Step, error: unknown): void {
    const isRefused = isRefusal(error)
    const isFirst = slot.failure === undefined
    const backoff = slot.failure?.backoff ?? new Backoff(firstRetryMs, mostRetryMs)
    const willRetryInMs = backoff.next()
    const text = messageOf(error)
    const retryAtMs = this.#options.clock.now() + willRetryInMs
    const hint = error instanceof FairleadError ? error.hint : ''
    slot.failure = { backoff, isRefused, error: text, hint, retryAtMs }
    this.#waiting.add(slot)
    const common = { isFirst, isRefused, error: text, willRetryInMs }
    if (step.kind === 'deregister') {
      this.#emit({ kind: 'deregister-failed', holder: slot.holder, id: slot.id, ...common })
    } else {
      const { holder, registration } = step.wanted
      this.#emit({ kind: 'failed', action: step.kind, holder, registration, ...common })
    }
    // Is the registry there at all?
    if (isRefused || !(error instanceof FairleadError)) return
    const reconnect = new Backoff(firstReconnectMs, mostReconnectMs)
    this.#outage ??= { backoff: reconnect, error: text, hasListFailed: false }
    this.#listSoon()
  }

  async #list(signal: AbortSignal): Promise<void> {
    const list = this.#lists.start()
    this.#isListing = true
    const answer = await this.#ask(signal).catch((error: unknown) => ({ error }))
    if (!signal.aborted) {
      if ('error' in answer) this.#listFailed(answer.error, list)
      else {
        this.#isListable = answer.listed !== undefined
        this.#listError = ''
        this.#listed(answer.listed, list)
      }
    }
    this.#isListing = false
    this.#written.clear()
    this.#alarm.ring()
  }

  async #ask(signal: AbortSignal): Promise<{ listed: Listed }> {
    const { backend, deregisterOn, isMaintenanceFollowed } = this.#options
    const listed = await backend.list(signal, isMaintenanceFollowed || deregisterOn === 'drain')
    if (listed === undefined) await backend.ping(signal)
    return { listed }
  }

  #listed(listed: Listed, list: number): void {
    if (listed !== undefined) this.#compare(listed)
    let hasForeign = false
    let isNextAwaited = false
    for (const slot of this.#slots.values()) {
      if ((slot.listAfter ?? list) < list) slot.listAfter = undefined
      isNextAwaited ||= slot.listAfter !== undefined
      hasForeign ||= slot.foreign !== undefined
      this.#ready.add(slot)
    }
    this.#back()
    this.#hasListed = true
    this.#lists.done(list, this.#options.clock.now(), hasForeign, isNextAwaited)
  }

  #compare(listed: NonNullable<Listed>): void {
    this.#isBesideAnother = this.#isForeignRespected && hasOtherRegistrar(listed)
    const { dangling, sources } = this.#options
    const { complete } = this.#claims
    const isEveryoneHeard = complete.size > 0 && sources.every((each) => complete.has(each))
    compare({
      slots: this.#slots,
      listed,
      isNewer: (id) => this.#written.has(id) || this.#slots.get(id)?.isBusy === true,
      isForeignRespected: this.#isForeignRespected,
      dangling: isEveryoneHeard ? dangling : undefined,
      onEvent: (event) => this.#emit(event),
    })
  }

  #listFailed(error: unknown, list: number): void {
    const text = messageOf(error)
    if (isRefusal(error)) {
      // It answers: what it has stays unknown, and everything wanted is sent.
      if (this.#listError !== text) this.#emit({ kind: 'list-refused', error: text })
      this.#listError = text
      this.#listed(undefined, list)
      return
    }
    const isFirst = this.#outage?.hasListFailed !== true
    const backoff = this.#outage?.backoff ?? new Backoff(firstReconnectMs, mostReconnectMs)
    this.#outage = { backoff, error: text, hasListFailed: true }
    const willRetryInMs = backoff.next()
    this.#lists.at(this.#options.clock.now() + willRetryInMs)
    this.#emit({ kind: 'unreachable', isFirst, error: text, willRetryInMs })
  }

  /** The registry answers: after an outage everything that waited for it goes at once. */
  #back(): void {
    const outage = this.#outage
    this.#outage = undefined
    if (outage?.hasListFailed !== true) return
    this.#heartbeatDueMs = 0
    for (const slot of this.#waiting) if (slot.failure?.isRefused === false) this.#release(slot)
    this.#emit({ kind: 'reachable' })
  }

  #release(slot: Slot): void {
    if (this.#waiting.delete(slot)) this.#ready.add(slot)
  }

  #releaseWaiting(now: number): void {
    for (const slot of this.#waiting) {
      if (isDue(slot.failure?.retryAtMs ?? 0, now, mostRetryMs)) this.#release(slot)
    }
  }

  #beat(now: number): void {
    const ttlMs = this.#options.registration.healthTtlMs
    if (ttlMs === undefined || this.#outage !== undefined) return
    const everyMs = Math.floor(ttlMs / 3)
    if (!isDue(this.#heartbeatDueMs, now, everyMs)) return
    this.#heartbeatDueMs = now + everyMs
    for (const slot of this.#slots.values()) {
      if (slot.wanted?.health === undefined) continue
      slot.isHeartbeatDue = true
      this.#beating.add(slot)
    }
  }

  /** During an outage the next list is on its way, in its own time. */
  #listSoon(): void {
    if (this.#outage?.hasListFailed !== true) this.#lists.soon()
    this.#alarm.ring()
  }

  #nextDueMs(): number {
    let dueMs = this.#isListing ? Number.POSITIVE_INFINITY : this.#lists.dueMs
    for (const { failure } of this.#waiting) dueMs = Math.min(dueMs, failure?.retryAtMs ?? dueMs)
    const hasHealth = this.#options.registration.healthTtlMs !== undefined
    const isBeating = hasHealth && this.#outage === undefined
    return isBeating ? Math.min(dueMs, this.#heartbeatDueMs) : dueMs
  }

  #tellSettled(): void {
    const isIdle =
      this.#writing.size + this.#ready.size + this.#beating.size === 0 && !this.#isListing
    if (!isIdle || this.#outage !== undefined || !this.#hasListed) return
    for (const resolve of this.#settledWaiters.splice(0)) resolve()
  }

  #emit(event: RegistrarEvent): void {
    this.#options.onEvent?.(event)
  }
}
