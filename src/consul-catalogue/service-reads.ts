import { setMaxListeners } from 'node:events'
import { pathPart } from '../consul/clean-path.ts'
import type { Answer } from '../consul/contract.ts'
import { ConsulError } from '../consul/errors.ts'
import type { HealthEntry } from '../consul/types.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import type { BoundedConsul } from './bounded-consul.ts'
import { isMet, type Expectation, type Mark } from './changed-services.ts'

const firstPauseMs = 100
const mostPauseMs = 5000
/** As many services are asked for at a time; BoundedConsul may let fewer through. */
const mostReads = 16
/** When so many reads in a row have failed, Consul is ill and not a service. */
const manyFailures = 8
/** So often a server that lags behind is asked again. */
const mostTries = 8
/** How long a server may wait with its answer until it has caught up. */
const catchUpWait = '250ms'

/** One service that has to be read. */
type Pending = {
  readonly service: string
  expectations: readonly Expectation[]
  /** Marked since the last request began: what that gives may be too old. */
  isMarked: boolean
  /** Index to wait beyond; 0: answer at once. */
  waitBeyond: number
  tries: number
  error: string
  readonly sinceMs: number
  readonly backoff: Backoff
}

export type ServiceReadsOptions = {
  readonly consul: BoundedConsul
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onAnswer: (service: string, answer: readonly HealthEntry[]) => void
  /** A try that failed; it is tried again. */
  readonly onFailure: (service: string, error: string) => void
}

export function servicePath(service: string): string {
  return `/v1/health/service/${pathPart(service)}`
}

/**
 * Reads services that are known or thought to have changed: each by itself, a few at a time, again
 * and again until it succeeded and shows the change. One that is marked while it is being read is
 * read once more only if that answer does not show it.
 *
 * Reads are `?stale`: the server that answers may lag behind the one that told of the change.
 */
export class ServiceReads {
  readonly #options: ServiceReadsOptions
  readonly #pending = new Map<string, Pending>()
  /** Ready to be read, in order. */
  readonly #queue = new Set<Pending>()
  /** Index of the last answer taken, by service. */
  readonly #indexes = new Map<string, number>()
  readonly #sharedBackoff = new Backoff(firstPauseMs, mostPauseMs)
  readonly #waiters = new Set<{ readonly left: Set<string>; readonly resolve: () => void }>()
  #reading = 0
  #failuresInARow = 0
  #isPaused = false
  #retries = 0
  #lagMs = 0

  constructor(options: ServiceReadsOptions) {
    this.#options = options
    // Each service whose read failed sleeps on it.
    setMaxListeners(0, options.signal)
  }

  /** Requests sent again, and how long the last change took from its mark to its answer. */
  get counts(): { readonly retries: number; readonly lagMs: number } {
    return { retries: this.#retries, lagMs: this.#lagMs }
  }

  /** The highest index among the answers taken; 0 before the first. */
  get newestIndex(): number {
    let newest = 0
    for (const index of this.#indexes.values()) newest = Math.max(newest, index)
    return newest
  }

  /** Services whose read failed and is tried again, with the error. */
  failing(): ReadonlyMap<string, string> {
    const failing = [...this.#pending.values()].filter(({ error }) => error !== '')
    return new Map(failing.map(({ service, error }) => [service, error]))
  }

  /** It is being read, or going to be. */
  isPending(service: string): boolean {
    return this.#pending.has(service)
  }

  /** Resolves when each of the services that is pending was tried once, or the signal aborts. */
  async tried(services: Iterable<string>): Promise<void> {
    const { signal } = this.#options
    const left = new Set([...services].filter((service) => this.#pending.has(service)))
    if (left.size === 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      const waiter = { left, resolve }
      this.#waiters.add(waiter)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  mark({ service, expectation }: Mark): void {
    const index = this.#indexes.get(service)
    if (expectation?.kind === 'index' && (index ?? 0) >= expectation.atLeast) return
    const known = this.#pending.get(service)
    if (known !== undefined) {
      if (expectation === undefined) known.isMarked = true
      else known.expectations = [...known.expectations, expectation]
      return
    }
    const pending: Pending = {
      service,
      expectations: expectation === undefined ? [] : [expectation],
      isMarked: false,
      waitBeyond: 0,
      tries: 0,
      error: '',
      sinceMs: this.#options.clock.now(),
      backoff: new Backoff(firstPauseMs, mostPauseMs),
    }
    this.#pending.set(service, pending)
    this.#queue.add(pending)
    this.#pump()
  }

  /** Index of the last answer taken about it, by whatever way of reading; 0: none. */
  indexOf(service: string): number {
    return this.#indexes.get(service) ?? 0
  }

  /** Another way of reading it gave an answer of this index. */
  noteIndex(service: string, index: number): void {
    this.#indexes.set(service, index)
  }

  /** Consul began to count anew: what it was at before says nothing. */
  forgetIndexes(): void {
    this.#indexes.clear()
  }

  #pump(): void {
    const most = this.#failuresInARow >= manyFailures ? 1 : mostReads
    for (const pending of this.#queue) {
      if (this.#isPaused || this.#reading >= most || this.#options.signal.aborted) return
      this.#queue.delete(pending)
      void this.#read(pending)
    }
  }

  async #read(pending: Pending): Promise<void> {
    const { consul, signal } = this.#options
    this.#reading++
    pending.isMarked = false
    const { service, waitBeyond } = pending
    const wait = waitBeyond === 0 ? {} : { index: waitBeyond, wait: catchUpWait }
    try {
      const options = { query: { stale: true, ...wait }, signal } as const
      const answer = await consul.read<readonly HealthEntry[]>(servicePath(service), options)
      this.#reading--
      this.#onAnswer(pending, answer)
    } catch (error) {
      this.#reading--
      this.#onError(pending, error)
    }
    this.#onTried(pending.service)
    this.#pump()
  }

  #onTried(service: string): void {
    for (const waiter of this.#waiters) {
      waiter.left.delete(service)
      if (waiter.left.size > 0) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  #onAnswer(pending: Pending, { value, index }: Answer<readonly HealthEntry[]>): void {
    if (this.#options.signal.aborted) return
    this.#failuresInARow = 0
    this.#sharedBackoff.reset()
    pending.backoff.reset()
    pending.error = ''
    const { service } = pending
    const isBehind = index < (this.#indexes.get(service) ?? 0)
    const hasTries = ++pending.tries < mostTries
    if (!isBehind || !hasTries) {
      this.#indexes.set(service, index)
      this.#options.onAnswer(service, value)
      pending.expectations = pending.expectations.filter((each) => !isMet(each, value, index))
    }
    if ((pending.expectations.length > 0 || isBehind) && hasTries) {
      this.#retries++
      pending.waitBeyond = index
      this.#queue.add(pending)
      return
    }
    if (pending.isMarked) {
      pending.waitBeyond = 0
      this.#queue.add(pending)
      return
    }
    this.#lagMs = this.#options.clock.now() - pending.sinceMs
    this.#pending.delete(service)
  }

  #onError(pending: Pending, error: unknown): void {
    const { clock, signal, onFailure } = this.#options
    if (signal.aborted) return
    if (!(error instanceof FairleadError)) throw error
    this.#retries++
    pending.error = messageOf(error)
    pending.waitBeyond = 0
    onFailure(pending.service, pending.error)
    if (!isOfThisAlone(error)) this.#failuresInARow++
    void clock.sleep(pending.backoff.next(), signal).then(() => {
      this.#queue.add(pending)
      this.#pump()
    })
    if (this.#failuresInARow >= manyFailures && !this.#isPaused) void this.#pause()
  }

  /** While nothing succeeds only one is tried at a time, less and less often. */
  async #pause(): Promise<void> {
    this.#isPaused = true
    await this.#options.clock.sleep(this.#sharedBackoff.next(), this.#options.signal)
    this.#isPaused = false
    this.#pump()
  }
}

/** Consul answers, but not for this service; a token that it does not take concerns all. */
function isOfThisAlone(error: FairleadError): boolean {
  if (error.code !== 'consul_refused' || !(error instanceof ConsulError)) return false
  return error.status !== 401 && error.status !== 403
}
