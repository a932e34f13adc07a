import type { Consul } from '../consul/contract.ts'
import { pathPart } from '../consul/clean-path.ts'
import { ConsulError } from '../consul/errors.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import { Mailbox } from '../support/mailbox.ts'
import { cardId, checkId, toDefinition, type Card, type Condition } from './card.ts'
import { clusterService } from './own-service.ts'

/** What a load balancer would say of itself now. */
export type Facts = { readonly card: Card; readonly condition: Condition }

export type AnnouncerCounts = {
  /** Cards written: each is a write in Consul's catalogue. */
  readonly writes: number
  /** Heartbeats sent to the agent; they cost no write while the condition is the same. */
  readonly heartbeats: number
  /** Of both, those that failed. */
  readonly failures: number
}

export type AnnouncerOptions = {
  /** The agent that this machine's services are registered with. */
  readonly consul: Consul
  readonly clock: Clock
  readonly facts: () => Facts
  /** What was written is not what all others have: then it is told how far this one has read. */
  readonly isAlone: () => boolean
  /** The first of several failures, and the end of them (undefined). */
  readonly onTrouble?: (error: FairleadError | undefined) => void
}

/** Between two cards at least. */
const writeIntervalMs = 1000
/** A third of the check's time limit. */
export const heartbeatMs = 5000
const refusedPauseMs = 60_000
/** At the end nobody waits long for a Consul that does not answer. */
const endTimeoutMs = 2000

/**
 * Keeps this load balancer's card in Consul: written when what it serves has become another, the
 * first time at once and then at most once a second, the newest wins; heartbeats in between keep its
 * check passing. While Consul is away it tries again with growing pauses, for ever; nothing waits for
 * it.
 */
export class Announcer {
  readonly #options: AnnouncerOptions
  readonly #news = new Mailbox<true>()
  readonly #backoff = new Backoff(250, heartbeatMs)
  /** What was written last; undefined: nothing yet. */
  #written: Card | undefined
  /** The agent does not have it any more: it was restarted. */
  #isLost = false
  /** Id of the card under the name of before, which is still to be taken away. */
  #former: string | undefined
  #said: Condition | undefined
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #heardAtMs = Number.NEGATIVE_INFINITY
  #error: FairleadError | undefined
  #counts = { writes: 0, heartbeats: 0, failures: 0 }

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  get counts(): AnnouncerCounts {
    return this.#counts
  }

  /** What was written last; undefined: nothing yet. */
  get written(): Card | undefined {
    return this.#written
  }

  /** Something may have changed; returns at once. */
  touch(): void {
    this.#news.put(true)
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await this.#step(signal)
      await this.#options.clock.sleep(pauseMs, signal)
      if (!signal.aborted) await this.#untilWanted(signal)
    }
  }

  problems(): readonly Problem[] {
    const error = this.#error
    if (error?.code !== 'consul_refused') return []
    return [
      {
        where: 'cluster',
        what: `Consul does not let this load balancer register itself: ${error.message}`,
        hint: `the token needs service "${clusterService}" { policy = "write" }`,
      },
    ]
  }

  /** Takes the card away: nothing is served here any more. Throws nothing. */
  async remove(): Promise<void> {
    const card = this.#written
    if (card === undefined) return
    this.#written = undefined
    await this.#finally(`/v1/agent/service/deregister/${pathPart(cardId(card))}`, undefined)
  }

  /**
   * Says that fairlead ends and its HAProxy serves on: a warning until the check's time is over,
   * then Consul finds it critical. Throws nothing.
   */
  async leave(): Promise<void> {
    const card = this.#written
    if (card === undefined) return
    const body = { Status: 'warning', Output: 'fairlead has ended, its HAProxy serves on' }
    await this.#finally(`/v1/agent/check/update/${pathPart(checkId(cardId(card)))}`, body)
  }

  async #finally(path: string, body: unknown): Promise<void> {
    try {
      await this.#options.consul.put(path, body, { timeoutMs: endTimeoutMs })
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      this.#failed(error)
    }
  }

  /** Writes or beats, whichever is due; how long nothing has to be done then, ms. */
  async #step(signal: AbortSignal): Promise<number> {
    try {
      const facts = this.#options.facts()
      if (this.#isWriteDue(facts)) {
        await this.#write(facts, signal)
        return writeIntervalMs
      }
      if (this.#isBeatDue(facts)) await this.#beat(facts, signal)
      await this.#removeFormer(signal)
      return 0
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      if (signal.aborted) return 0
      this.#failed(error)
      const isRefused = error.code === 'consul_refused'
      return isRefused ? refusedPauseMs : this.#backoff.next()
    }
  }

  /** Resolves at news, and when the next heartbeat is due. */
  async #untilWanted(signal: AbortSignal): Promise<void> {
    if (this.#error !== undefined || this.#written === undefined || this.#isLost) return
    const { clock } = this.#options
    const enough = new AbortController()
    const abort = (): void => enough.abort()
    signal.addEventListener('abort', abort, { once: true })
    const leftMs = Math.max(0, heartbeatMs - this.#msSince(this.#heardAtMs))
    const woken = this.#news.take(enough.signal)
    await Promise.race([woken, clock.sleep(leftMs, enough.signal)])
    enough.abort()
    signal.removeEventListener('abort', abort)
    await woken
  }

  #isWriteDue({ card }: Facts): boolean {
    const before = this.#written
    if (before === undefined || this.#isLost || isNews(before, card)) return true
    const isTime = this.#msSince(this.#writtenAtMs) >= heartbeatMs
    return isTime && (isOther(before, card) || (this.#isBehind(card) && this.#options.isAlone()))
  }

  #isBehind(card: Card): boolean {
    return card.catalogueIndex !== this.#written?.catalogueIndex
  }

  #isBeatDue({ condition }: Facts): boolean {
    // After a failure it is heard of again at once, though what failed is not wanted any more.
    if (this.#error !== undefined || this.#msSince(this.#heardAtMs) >= heartbeatMs) return true
    return condition.status !== this.#said?.status || condition.output !== this.#said.output
  }

  /** A clock that was set back has nobody wait until it is there again. */
  #msSince(atMs: number): number {
    return Math.abs(this.#options.clock.now() - atMs)
  }

  async #write(facts: Facts, signal: AbortSignal): Promise<void> {
    const { consul, clock } = this.#options
    const { card } = facts
    const before = this.#written
    await consul.put('/v1/agent/service/register', toDefinition(card), { signal })
    this.#counts = { ...this.#counts, writes: this.#counts.writes + 1 }
    this.#written = card
    this.#isLost = false
    this.#writtenAtMs = clock.now()
    if (before !== undefined && cardId(before) !== cardId(card)) this.#former = cardId(before)
    if (this.#former === cardId(card)) this.#former = undefined
    await this.#beat(facts, signal)
    await this.#removeFormer(signal)
  }

  /** What Consul refuses to take away it forgets by itself, a day later. */
  async #removeFormer(signal: AbortSignal): Promise<void> {
    const id = this.#former
    if (id === undefined) return
    try {
      const path = `/v1/agent/service/deregister/${pathPart(id)}`
      await this.#options.consul.put(path, undefined, { signal })
    } catch (error) {
      if (!(error instanceof FairleadError) || error.code !== 'consul_refused') throw error
    }
    this.#former = undefined
  }

  /** An agent that was restarted without what it knew refuses: then the card is written anew. */
  async #beat({ card, condition }: Facts, signal: AbortSignal): Promise<void> {
    const { consul, clock } = this.#options
    const path = `/v1/agent/check/update/${pathPart(checkId(cardId(card)))}`
    try {
      await consul.put(path, { Status: condition.status, Output: condition.output }, { signal })
    } catch (error) {
      if (!isUnknownCheck(error)) throw error
      this.#isLost = true
      throw againSoon(error)
    }
    this.#counts = { ...this.#counts, heartbeats: this.#counts.heartbeats + 1 }
    this.#said = condition
    this.#heardAtMs = clock.now()
    this.#backoff.reset()
    if (this.#error !== undefined) this.#options.onTrouble?.(undefined)
    this.#error = undefined
  }

  #failed(error: FairleadError): void {
    this.#counts = { ...this.#counts, failures: this.#counts.failures + 1 }
    if (this.#error?.code !== error.code) this.#options.onTrouble?.(error)
    this.#error = error
  }
}

/** Its agent does not know the check: it was restarted, and the card has to be written anew. */
function isUnknownCheck(error: unknown): boolean {
  return (
    error instanceof ConsulError && /unknown check|does not have associated/i.test(error.message)
  )
}

function againSoon(error: unknown): FairleadError {
  return new FairleadError('consul_unreachable', messageOf(error), { cause: error })
}

/** What others have to know at once. */
function isNews(before: Card, card: Card): boolean {
  return (
    before.hash.whole !== card.hash.whole ||
    before.isApplied !== card.isApplied ||
    before.pinnedTo !== card.pinnedTo ||
    cardId(before) !== cardId(card)
  )
}

/** What can wait for a heartbeat. Generation and index are told with what else there is. */
function isOther(before: Card, card: Card): boolean {
  return (
    before.leftOut !== card.leftOut ||
    before.version !== card.version ||
    before.haproxyVersion !== card.haproxyVersion ||
    before.http.join() !== card.http.join()
  )
}
