import type { Candidate } from '../model/candidate.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Decision, Problem } from '../model/problem.ts'
import { ConfigRejectedError } from '../haproxy/runtime/errors.ts'
import type { Placement, RoutingInput, RoutingResult } from '../routing/contract.ts'
import type { Clock } from '../support/clock.ts'
import { excluding } from './exclude.ts'
import { findCulprits } from './find-culprits.ts'
import { candidatesAt, fingerprintOf } from './suspects.ts'

export type QuarantineParts = {
  readonly clock: Clock
  /** Routing, from one snapshot to the next. */
  readonly route: (input: RoutingInput) => RoutingResult
  /** The same for a single input; keeps nothing. */
  readonly routeOnce: (input: RoutingInput) => RoutingResult
  /** Whether HAProxy takes a text; it is not loaded. Throws ConfigRejectedError. */
  readonly check: (desired: DesiredState) => Promise<void>
  /** How long a text must last before what is in it counts as good. */
  readonly provenMs: number
}

/** One that is left out. */
type Entry = {
  readonly candidate: Candidate
  readonly fingerprint: string
  readonly ids: readonly string[]
  /** HAProxy's words, or that it ended. */
  readonly reason: string
  readonly untilMs: number
}

type Routed = { readonly input: RoutingInput; readonly result: RoutingResult }

/** What was tried already: the next pause is twice as long. */
type Tried = { readonly fingerprint: string; readonly pauseMs: number }

const pauses = {
  rejected: { firstMs: 30_000, mostMs: 600_000 },
  // Each try may cost what HAProxy has under way.
  crashed: { firstMs: 600_000, mostMs: 6 * 3_600_000 },
  /** Of several that came together, and of which one or the other did it. */
  undecidedMs: 30_000,
}
const mostChecks = 60

/**
 * Leaves out of routing what HAProxy rejects or ends with, so that one bad container hurts only
 * itself. Stands between pipeline and routing; what is left out is tried again when the container or
 * its labels change, and after growing pauses. Nothing is kept over a restart: it is found again.
 */
export class Quarantine {
  readonly #parts: QuarantineParts
  /** By the candidate's endpoint ids. */
  #entries = new Map<string, Entry>()
  #ids: ReadonlySet<string> = new Set()
  readonly #tried = new Map<string, Tried>()
  #last: Routed | undefined
  readonly #good = new WeakSet<Candidate>()
  #isAnythingGood = false
  /** Applied, and not yet proven. */
  #fresh: { readonly candidates: readonly Candidate[]; readonly atMs: number } | undefined

  constructor(parts: QuarantineParts) {
    this.#parts = parts
  }

  /** Routing without those that are left out; they are in the placements and problems, with the reason. */
  route(input: RoutingInput): RoutingResult {
    this.#release(input)
    const result = this.#parts.route(excluding(input, this.#ids))
    this.#last = { input, result }
    if (this.#entries.size === 0) return result
    const entries = [...this.#entries.values()]
    const wakeMs = Math.min(...entries.map(({ untilMs }) => untilMs))
    return {
      ...result,
      get placements() {
        return withEntries(result.placements, entries)
      },
      problems: [...result.problems, ...entries.map(problemOf)],
      nextRunAtMs: Math.min(result.nextRunAtMs ?? Infinity, wakeMs),
    }
  }

  /** The last routing is in force. */
  applied(): void {
    this.#prove()
    const candidates = this.#last?.input.snapshot.candidates.filter((each) => !this.#has(each))
    // What is waited for is not put off by what comes meanwhile; that has its turn afterwards.
    if (candidates === undefined || this.#fresh !== undefined) return
    this.#fresh = { candidates, atMs: this.#parts.clock.now() }
  }

  /**
   * The last routing could not be applied. True when what is to blame was found and is left out from
   * now on: then routing it again gives something better. Throws nothing that HAProxy says.
   */
  async failed(error: unknown, desired: DesiredState): Promise<boolean> {
    const last = this.#last
    if (last === undefined || last.result.desired !== desired) return false
    this.#prove()
    if (error instanceof ConfigRejectedError) return this.#rejected(error, last)
    if (!(error instanceof FairleadError) || error.code !== 'haproxy_crashed') return false
    this.#fresh = undefined
    // With nothing known to be good everything would be left out; the text of before serves on.
    if (!this.#isAnythingGood) return false
    return this.#crashed(this.#suspects(last), messageOf(error))
  }

  async #rejected(error: ConfigRejectedError, { input, result }: Routed): Promise<boolean> {
    const routed = input.snapshot.candidates.filter((each) => !this.#has(each))
    const isGoodWithout = async (left: readonly Candidate[]): Promise<boolean> => {
      const ids = new Set([...this.#ids, ...left.flatMap(idsOf)])
      const { desired } = this.#parts.routeOnce(excluding(input, ids))
      return this.#parts.check(desired).then(() => true, onlyRejected)
    }
    // Where a check does not find what HAProxy found, it cannot tell who did it either.
    if (await isGoodWithout([])) return false
    const { messages } = error
    const named = candidatesAt(messages, result.desired.config, routed, result.placements)
    const suspects = this.#suspects({ input, result })
    for (const group of [named, suspects, routed]) {
      if (group.length === 0 || !(await isGoodWithout(group))) continue
      const oldestFirst = group.toSorted((a, b) => startOf(a) - startOf(b))
      const { culprits, undecided } = await findCulprits(
        oldestFirst,
        (some) => isGoodWithout(group.filter((each) => !some.includes(each))),
        mostChecks,
      )
      // Of those that serve nobody is left out on a mere suspicion.
      if (undecided.length > 0 && group !== suspects) return false
      const words = messages.find(({ level }) => level === 'alert')?.text ?? error.message
      for (const each of [...culprits, ...undecided])
        this.#add(each, `HAProxy rejects the configuration with it: ${words}`, pauses.rejected)
      return true
    }
    return false
  }

  /** HAProxy cannot be asked without risk: of several each half is let in again by itself. */
  #crashed(suspects: readonly Candidate[], words: string): boolean {
    const [only, ...others] = suspects
    if (only === undefined) return false
    if (others.length === 0) {
      this.#add(only, words, pauses.crashed)
      return true
    }
    const middle = Math.ceil(suspects.length / 2)
    for (const [index, each] of suspects.entries()) {
      const pauseMs = pauses.undecidedMs * (index < middle ? 1 : 2)
      const reason = `${words} (one of ${suspects.length} that came together)`
      this.#set(each, reason, pauseMs)
    }
    return true
  }

  #add(
    candidate: Candidate,
    reason: string,
    { firstMs, mostMs }: { readonly firstMs: number; readonly mostMs: number },
  ): void {
    const fingerprint = fingerprintOf(candidate)
    const before = this.#tried.get(keyOf(candidate))
    const isKnown = before?.fingerprint === fingerprint
    const pauseMs = isKnown ? Math.min(mostMs, before.pauseMs * 2) : firstMs
    this.#tried.set(keyOf(candidate), { fingerprint, pauseMs })
    this.#set(candidate, reason, pauseMs)
  }

  #set(candidate: Candidate, reason: string, pauseMs: number): void {
    this.#entries.set(keyOf(candidate), {
      candidate,
      fingerprint: fingerprintOf(candidate),
      ids: idsOf(candidate),
      reason,
      untilMs: this.#parts.clock.now() + pauseMs,
    })
    this.#count()
  }

  /** Lets in again what has changed or whose pause is over; forgets what has gone. */
  #release({ snapshot, nowMs }: RoutingInput): void {
    if (this.#entries.size === 0 && this.#tried.size === 0) return
    const present = new Map(snapshot.candidates.map((each) => [keyOf(each), each]))
    for (const key of this.#tried.keys()) if (!present.has(key)) this.#tried.delete(key)
    for (const [key, { fingerprint, untilMs }] of this.#entries) {
      const candidate = present.get(key)
      const isSame = candidate !== undefined && fingerprintOf(candidate) === fingerprint
      if (!isSame || nowMs >= untilMs) this.#entries.delete(key)
    }
    this.#count()
  }

  #count(): void {
    const ids = [...this.#entries.values()].flatMap((each) => each.ids)
    // The same set as long as it is: services are compared by it.
    if (ids.length === this.#ids.size && ids.every((id) => this.#ids.has(id))) return
    this.#ids = new Set(ids)
  }

  /** New or changed since what was last good. */
  #suspects({ input }: Routed): readonly Candidate[] {
    return input.snapshot.candidates.filter(
      (each) => each.endpoints.length > 0 && !this.#good.has(each) && !this.#has(each),
    )
  }

  /** What was applied long enough ago is good. */
  #prove(): void {
    const fresh = this.#fresh
    if (fresh === undefined || this.#parts.clock.now() - fresh.atMs < this.#parts.provenMs) return
    for (const each of fresh.candidates) this.#good.add(each)
    this.#isAnythingGood = true
    this.#fresh = undefined
  }

  #has(candidate: Candidate): boolean {
    return this.#entries.has(keyOf(candidate))
  }
}

function withEntries(
  placements: ReadonlyMap<string, Placement>,
  entries: readonly Entry[],
): ReadonlyMap<string, Placement> {
  const all = new Map(placements)
  for (const { ids, reason } of entries) {
    const decision: Decision = { step: 'quarantine', outcome: 'stop', what: reason, hint }
    for (const id of ids) all.set(id, { isRouted: false, decisions: [decision] })
  }
  return all
}

function problemOf({ candidate, reason }: Entry): Problem {
  return { where: `${candidate.kind} ${candidate.name}`, what: `it is left out: ${reason}`, hint }
}

const hint = 'it is tried again when it or its labels change, and by itself after a while'

function keyOf({ endpoints }: Candidate): string {
  return endpoints.map(({ id }) => id).join('\n')
}

function idsOf({ endpoints }: Candidate): readonly string[] {
  return endpoints.map(({ id }) => id)
}

function startOf({ endpoints }: Candidate): number {
  return Math.min(...endpoints.map(({ startedAtMs }) => startedAtMs))
}

function onlyRejected(error: unknown): false {
  if (error instanceof ConfigRejectedError) return false
  throw error
}
