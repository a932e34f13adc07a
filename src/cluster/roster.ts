import type { Consul } from '../consul/contract.ts'
import type { HealthCheck, HealthEntry } from '../consul/types.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Clock } from '../support/clock.ts'
import { heartbeatMs } from './announcer.ts'
import { cardId, readCard, type Card } from './card.ts'
import type { Member } from './compare.ts'
import { clusterService } from './own-service.ts'

export type RosterOptions = {
  readonly consul: Consul
  readonly clock: Clock
  /** This load balancer's own card. */
  readonly own: () => Card | undefined
}

const path = `/v1/health/service/${clusterService}`
const answerTimeoutMs = 3000

/** Who registers as a load balancer in Consul, as it was read last. */
export class Roster {
  readonly #options: RosterOptions
  #members: readonly Member[] = []
  #readAtMs: number | undefined
  #error = ''
  /** How often in a row somebody else's card was found in place of the own one. */
  #taken = 0

  constructor(options: RosterOptions) {
    this.#options = options
  }

  /** As it was read last, while Consul does not answer too. */
  get members(): readonly Member[] {
    return this.#members
  }

  /** When that was (Unix ms); undefined: never. */
  get readAtMs(): number | undefined {
    return this.#readAtMs
  }

  /** Why it could not be read anew, else empty. */
  get error(): string {
    return this.#error
  }

  /** Two load balancers share a name, so that only one of them is seen at a time. */
  get isTaken(): boolean {
    return this.#taken >= 2
  }

  /**
   * Reads it again and again until the signal aborts: a few bytes every five seconds. A watch would
   * wake at every word of every load balancer.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.read(signal)
      await this.#options.clock.sleep(heartbeatMs, signal)
    }
  }

  /** Reads it now. Throws nothing: `error` has why it could not. */
  async read(signal?: AbortSignal): Promise<void> {
    const { consul, clock } = this.#options
    try {
      const { value } = await consul.get<readonly HealthEntry[]>(path, {
        query: { stale: true },
        timeoutMs: answerTimeoutMs,
        ...(signal === undefined ? {} : { signal }),
      })
      this.#take(value)
      this.#readAtMs = clock.now()
      this.#error = ''
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      if (signal?.aborted !== true) this.#error = messageOf(error)
    }
  }

  #take(entries: readonly HealthEntry[]): void {
    const own = this.#options.own()
    const before = new Map(this.#members.map((member) => [cardId(member.card), member]))
    this.#members = entries.flatMap((entry) => {
      const card = readCard(entry.Service)
      if (card === undefined || entry.Service.ID !== cardId(card)) return []
      const { state, why } = conditionOf(entry.Checks)
      const known = before.get(cardId(card))
      const stateSinceMs = known?.state === state ? known.stateSinceMs : this.#options.clock.now()
      return [{ card, state, why, stateSinceMs, isThis: isSame(own, card) }]
    })
    const isOthers = ({ card, isThis }: Member): boolean =>
      own !== undefined && !isThis && cardId(card) === cardId(own)
    this.#taken = this.#members.some(isOthers) ? this.#taken + 1 : 0
  }
}

function isSame(own: Card | undefined, card: Card): boolean {
  return own !== undefined && own.run === card.run && cardId(own) === cardId(card)
}

/** The worst of an instance's checks, its node's among them. */
function conditionOf(checks: readonly HealthCheck[]): Pick<Member, 'state' | 'why'> {
  for (const state of ['critical', 'warning'] as const) {
    const found = checks.filter(({ Status }) => Status === state)
    const [check] = found.toSorted(
      (a, b) => (a.ServiceID ?? '').length - (b.ServiceID ?? '').length,
    )
    if (check !== undefined) return { state, why: whyOf(check) }
  }
  return { state: 'passing', why: '' }
}

function whyOf({ CheckID, ServiceID = '', Node, Output = '' }: HealthCheck): string {
  if (CheckID === 'serfHealth') return `node ${Node} is gone from the Consul cluster`
  if (ServiceID === '') return `node ${Node}: ${Output || CheckID}`
  // Consul's words for a check that was not updated in time.
  if (/TTL expired/i.test(Output)) return 'no heartbeat'
  return Output
}
