import type { ChangeReport } from '../api/contract.ts'
import { isSameText, type DesiredState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { mergeCauses, type Cause, type Snapshot } from '../model/snapshot.ts'
import type { OperatorStore } from '../operator/operator-store.ts'
import type { Prober } from '../readiness/prober.ts'
import type { Registry } from '../registry/registry.ts'
import type { RoutingInput, RoutingResult, RoutingSettings } from '../routing/contract.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import { Mailbox } from '../support/mailbox.ts'
import { desiredStateHash } from './desired-hash.ts'

/** A small program listens by then; a larger one takes so long that this is nothing against it. */
const firstTriesMs = 8

/** What came of bringing HAProxy to a desired state. */
export type Applied = {
  readonly how: 'none' | 'runtime' | 'reload'
  readonly changes: readonly string[]
  /** Why a reload: its kind, for counting, and a sentence. */
  readonly reasons: readonly { readonly kind: string; readonly text: string }[]
  /** Commands that changed something, as they may be shown. */
  readonly commands: readonly string[]
  readonly problems: readonly Problem[]
}

/** A change for the ledger, before it has its number. */
export type ChangeEntry = Omit<ChangeReport, 'id'>

/** Where the pipeline stands; what `status` is made of. */
export type PipelineState = {
  readonly snapshot: Snapshot
  readonly routing: RoutingResult | undefined
  readonly desiredHash: string
  /** The newest desired state is applied and verified. */
  readonly isApplied: boolean
  readonly problems: readonly Problem[]
  /** What the last apply failed with. */
  readonly error: unknown
}

export type PipelineParts = {
  readonly registry: Registry
  readonly clock: Clock
  readonly settings: RoutingSettings
  readonly store: OperatorStore
  readonly prober: Prober
  readonly route: (input: RoutingInput) => RoutingResult
  readonly apply: (desired: DesiredState) => Promise<Applied>
  /**
   * Servers that the adopted HAProxy sends requests to, `backend/server` → address and port. They
   * go on serving, though this process has not probed them: HAProxy's own checks find them up.
   */
  readonly serving?: ReadonlyMap<string, { readonly address: string; readonly port: number }>
  /** Called for everything that was done, or failed. */
  readonly onChange: (change: ChangeEntry) => void
}

/**
 * From the registry's snapshots to a HAProxy that serves them. One pass routes the newest snapshot
 * and applies it; whatever happens meanwhile is one more pass, never a queue. The first change is
 * applied at once, those that arrive during an apply are merged into the next.
 *
 * A pass that fails changes nothing: the last good state stays, the reason is on show, and the pass
 * is tried again with growing pauses and at the next change.
 */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #mailbox = new Mailbox<readonly Cause[]>(mergeCauses)
  readonly #backoff = new Backoff(1_000, 30_000)
  readonly #firstPass = signal()
  #timer: AbortController | undefined
  /** While first tries are waited for: what they found, which then needs no pass of its own. */
  #provenMeanwhile: Cause[] | undefined
  #isVerifyWanted = true
  #appliedConfig: DesiredState | undefined
  readonly #createdAtMs: number
  #state: PipelineState

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#createdAtMs = parts.clock.now()
    this.#state = {
      snapshot: parts.registry.snapshot(),
      routing: undefined,
      desiredHash: '',
      isApplied: false,
      problems: [],
      error: undefined,
    }
  }

  state(): PipelineState {
    return this.#state
  }

  /** Asks for a pass though the registry did not change: an operator's word, a probe's success. */
  trigger(what: string, eventAtMs?: number): void {
    this.#mailbox.put([{ what, eventAtMs, seenAtMs: this.#parts.clock.now() }])
  }

  /** As `trigger`, and HAProxy is brought to the desired state even if that is the one applied last. */
  triggerRepair(what: string): void {
    this.#isVerifyWanted = true
    this.trigger(what)
  }

  /** The event behind it is the start, unless that was before fairlead's own. */
  onAccepted(endpoint: Endpoint): void {
    const hasSeenStart = endpoint.startedAtMs >= this.#createdAtMs
    const cause: Cause = {
      what: `${endpoint.id} accepts connections`,
      eventAtMs: hasSeenStart ? endpoint.startedAtMs : undefined,
      seenAtMs: this.#parts.clock.now(),
    }
    if (this.#provenMeanwhile === undefined) this.#mailbox.put([cause])
    else this.#provenMeanwhile.push(cause)
  }

  /** Runs until the signal aborts; the pass under way is finished. */
  async run(signal: AbortSignal): Promise<void> {
    const reading = this.#readRegistry(signal)
    for (;;) {
      const causes = await this.#mailbox.take(signal)
      if (causes === undefined) break
      await this.#pass(causes)
      this.#firstPass.resolve()
    }
    this.#firstPass.resolve()
    this.#timer?.abort()
    await reading
  }

  /** Resolves when the first pass was done, well or not, or the pipeline has ended. */
  firstPass(): Promise<void> {
    return this.#firstPass.done
  }

  async #readRegistry(signal: AbortSignal): Promise<void> {
    for await (const causes of this.#parts.registry.changes(signal)) this.#mailbox.put(causes)
  }

  /** Never throws: what goes wrong in a pass, also in routing, must not end those after it. */
  async #pass(causes: readonly Cause[]): Promise<void> {
    try {
      await this.#routeAndApply(causes)
    } catch (error) {
      this.#failed(causes, error)
    }
  }

  async #routeAndApply(causes: readonly Cause[]): Promise<void> {
    const { registry, clock, store, prober } = this.#parts
    this.#timer?.abort()
    const snapshot = registry.snapshot()
    let routing = this.#route(snapshot)
    if (this.#acceptServing(routing)) routing = this.#route(snapshot)
    const proven = await this.#firstTries(routing, causes)
    if (proven.length > 0) routing = this.#route(snapshot)
    this.#forgetOthers(snapshot)
    store.keep(routing.memory, prober.accepted())
    if (routing.nextRunAtMs !== undefined) {
      this.#wakeAfter(
        Math.max(0, routing.nextRunAtMs - clock.now()),
        'a service without endpoints is forgotten',
      )
    }
    if (!this.#isVerifyWanted && isSame(routing.desired, this.#appliedConfig)) {
      this.#state = { ...this.#state, snapshot, routing }
      return
    }
    await this.#apply(snapshot, routing, mergeCauses(causes, proven))
  }

  /**
   * Has new endpoints probed. Where nothing but one start led to this pass, waits for a moment for
   * the answer: a program that listens within it comes into HAProxy by one change instead of two.
   * Whatever else happens ends the wait. Gives what was learnt.
   */
  async #firstTries(routing: RoutingResult, causes: readonly Cause[]): Promise<readonly Cause[]> {
    const { prober, clock } = this.#parts
    const proven: Cause[] = []
    this.#provenMeanwhile = proven
    const accepted = prober.want(routing.unproven)
    if (accepted !== undefined && causes.length === 1) {
      const enough = new AbortController()
      const moment = clock.sleep(firstTriesMs, enough.signal)
      await Promise.race([accepted, moment, this.#mailbox.arrival()])
      enough.abort()
    }
    this.#provenMeanwhile = undefined
    return proven
  }

  #route(snapshot: Snapshot): RoutingResult {
    const { clock, settings, store, prober } = this.#parts
    return this.#parts.route({
      snapshot,
      settings,
      words: store.words(),
      hasAccepted: (endpoint) => prober.hasAccepted(endpoint),
      memory: store.memory(),
      nowMs: clock.now(),
    })
  }

  /** In the first pass: learns from what the adopted HAProxy serves. True when that was news. */
  #acceptServing(routing: RoutingResult): boolean {
    const { serving, prober } = this.#parts
    if (serving === undefined || this.#appliedConfig !== undefined) return false
    let isNews = false
    for (const endpoint of routing.unproven) {
      const placement = routing.placements.get(endpoint.id)
      if (placement?.isRouted !== true) continue
      const server = serving.get(`${placement.backend}/${placement.server}`)
      if (server?.address !== endpoint.address || server.port !== endpoint.port) continue
      prober.accept(endpoint)
      isNews = true
    }
    return isNews
  }

  /** What was probed of endpoints that have gone must not add up over the years. */
  #forgetOthers(snapshot: Snapshot): void {
    const { prober } = this.#parts
    const services = [...snapshot.services.values()]
    const count = services.reduce((sum, { endpoints }) => sum + endpoints.length, 0)
    if (prober.acceptedCount <= 2 * count + 64) return
    prober.keepOnly(services.flatMap(({ endpoints }) => endpoints))
  }

  async #apply(
    snapshot: Snapshot,
    routing: RoutingResult,
    causes: readonly Cause[],
  ): Promise<void> {
    const desiredHash = desiredStateHash(routing.desired)
    this.#state = { ...this.#state, snapshot, routing, desiredHash, isApplied: false }
    const applied = await this.#parts.apply(routing.desired)
    this.#appliedConfig = routing.desired
    this.#isVerifyWanted = false
    this.#backoff.reset()
    this.#state = {
      ...this.#state,
      isApplied: true,
      problems: applied.problems,
      error: undefined,
    }
    if (applied.how !== 'none') {
      this.#report(causes, desiredHash, {
        how: applied.how,
        changes: applied.changes,
        reasons: applied.reasons.map(({ text }) => text),
        commands: applied.commands.length,
      })
    }
  }

  #failed(causes: readonly Cause[], error: unknown): void {
    this.#isVerifyWanted = true
    const hint = error instanceof FairleadError ? error.hint : ''
    const problem: Problem = { where: 'haproxy', what: messageOf(error), hint }
    this.#state = { ...this.#state, isApplied: false, problems: [problem], error }
    this.#report(causes, this.#state.desiredHash, {
      how: 'failed',
      changes: [],
      reasons: [messageOf(error)],
      commands: 0,
    })
    this.#wakeAfter(this.#backoff.next(), 'tried again after a failure')
  }

  #report(
    causes: readonly Cause[],
    desiredHash: string,
    done: Pick<ChangeEntry, 'how' | 'changes' | 'reasons' | 'commands'>,
  ): void {
    const atMs = this.#parts.clock.now()
    const events = causes.flatMap((cause) => cause.eventAtMs ?? [])
    const seen = causes.map((cause) => cause.seenAtMs)
    this.#parts.onChange({
      atMs,
      causes: causes.map((cause) => cause.what),
      how: done.how,
      reasons: done.reasons,
      changes: done.changes,
      commands: done.commands,
      eventToDoneMs: events.length === 0 ? undefined : atMs - Math.min(...events),
      seenToDoneMs: atMs - Math.min(atMs, ...seen),
      desiredHash,
    })
  }

  /** One more pass later, unless a pass comes before. */
  #wakeAfter(delayMs: number, what: string): void {
    this.#timer?.abort()
    const timer = new AbortController()
    this.#timer = timer
    void this.#parts.clock.sleep(delayMs, timer.signal).then(() => {
      if (!timer.signal.aborted) this.trigger(what)
    })
  }
}

function isSame(a: DesiredState, b: DesiredState | undefined): boolean {
  if (a === b) return true
  if (b === undefined || !isSameText(a, b)) return false
  return isSameMap(a.files, b.files) && isSameMap(a.servers, b.servers)
}

function isSameMap<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (b.get(key) !== value) return false
  return true
}

function signal(): { readonly done: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined
  const done = new Promise<void>((given) => {
    resolve = given
  })
  return { done, resolve: () => resolve() }
}
