import { isSameText, type DesiredState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { mergeCauses, type Cause, type Snapshot } from '../model/snapshot.ts'
import type { RoutingResult } from '../routing/contract.ts'
import { Backoff } from '../support/backoff.ts'
import { Mailbox } from '../support/mailbox.ts'
import { changeEntry, deferralProblems, firstOf } from './change-entry.ts'
import type { Applied, ChangeEntry } from './change-entry.ts'
import type { PipelineParts, PipelineState, Target } from './contract.ts'
import { desiredStateHash } from './desired-hash.ts'

/** A small program listens by then; a larger one takes so long that this is nothing against it. */
const firstTriesMs = 8

/** What a pass is for that does a reload which had to wait; its causes are those before. */
const reloadWaited = 'a reload had to wait'
const nothing: ReadonlySet<string> = new Set()
const noState: DesiredState = { config: '', files: new Map(), servers: new Map() }

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
  #applied: Target | undefined
  #isWaitingForWorkers = false
  /** What led to a reload that waits. */
  #waitingCauses: readonly Cause[] = []
  #settling: ((error: unknown) => void)[] = []
  readonly #createdAtMs: number
  #state: PipelineState

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#createdAtMs = parts.clock.now()
    this.#state = {
      snapshot: parts.registry.snapshot(),
      routing: undefined,
      target: undefined,
      desiredHash: '',
      isApplied: false,
      problems: [],
      error: undefined,
      deferred: undefined,
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

  /**
   * As `trigger`; resolves when what is wanted from now on is in force, or waits for connections to
   * end. Throws what kept it from being applied. Call it while `run` runs.
   */
  async settle(what: string): Promise<void> {
    const done = new Promise<unknown>((resolve) => {
      this.#settling.push(resolve)
    })
    this.trigger(what, this.#parts.clock.now())
    const error = await done
    if (error !== undefined) throw error
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
    const ended = new FairleadError('interrupted', 'fairlead ended before it was done')
    for (const settle of this.#settling.splice(0)) settle(ended)
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
    const settling = this.#settling.splice(0)
    let failure: unknown
    try {
      await this.#routeAndApply(causes).catch((error: unknown) => this.#again(causes, error))
    } catch (error) {
      failure = error
      this.#failed(causes, error)
    }
    this.#parts.onPass?.(this.#state)
    // A short wait is waited for; a long one is an answer.
    if (failure === undefined && this.#state.deferred?.by === 'interval') {
      this.#settling.unshift(...settling)
    } else for (const settle of settling) settle(failure)
  }

  /** Once more, where something was done about what it failed for. */
  async #again(causes: readonly Cause[], error: unknown): Promise<void> {
    const desired = this.#state.target?.desired
    const { onFailure } = this.#parts
    if (desired === undefined || (await onFailure?.(error, desired)) !== true) throw error
    this.#isVerifyWanted = true
    await this.#routeAndApply(causes)
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
    const target = this.#steer(routing.desired)
    if (!this.#isVerifyWanted && isSameTarget(target, this.#applied)) {
      this.#state = { ...this.#state, snapshot, routing, target }
      return
    }
    const news = causes.filter(({ what }) => what !== reloadWaited)
    const all = mergeCauses(mergeCauses(this.#waitingCauses, news), proven)
    await this.#apply({ snapshot, routing, target }, all.length === 0 ? causes : all)
  }

  #steer(desired: DesiredState): Target {
    return this.#parts.steer?.(desired) ?? { desired, pinnedTo: undefined, leftOut: nothing }
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
    if (serving === undefined || this.#applied !== undefined) return false
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
    wanted: { snapshot: Snapshot; routing: RoutingResult; target: Target },
    causes: readonly Cause[],
  ): Promise<void> {
    const { target } = wanted
    const desiredHash = desiredStateHash(target.desired)
    this.#state = { ...this.#state, ...wanted, desiredHash, isApplied: false, deferred: undefined }
    // Asked for again while this one is under way, it is wanted after it too.
    this.#isVerifyWanted = false
    const startedAt = performance.now()
    const applied = await this.#parts.apply(target.desired)
    const applyMs = performance.now() - startedAt
    const { deferred } = applied
    if (deferred?.by === 'workers' && !this.#isWaitingForWorkers) this.#parts.onWait?.(deferred)
    this.#isWaitingForWorkers = deferred?.by === 'workers'
    // A pin that was set or taken back is told, though nothing had to be changed for it.
    const before = this.#applied ?? target
    const isPinNews = deferred === undefined && target.pinnedTo !== before.pinnedTo
    this.#applied = deferred === undefined ? target : this.#applied
    if (deferred !== undefined) this.#isVerifyWanted = true
    this.#waitingCauses = deferred === undefined ? [] : causes
    this.#backoff.reset()
    this.#state = {
      ...this.#state,
      isApplied: deferred === undefined,
      problems: [
        ...applied.problems,
        ...(deferred === undefined ? [] : deferralProblems(deferred)),
      ],
      error: undefined,
      deferred,
    }
    if (deferred !== undefined) this.#wakeAfter(deferred.afterMs, reloadWaited)
    const state = deferred === undefined ? target.desired : deferred.state
    if (state === undefined || (applied.how === 'none' && !isPinNews)) return
    const how = applied.how === 'none' ? 'runtime' : applied.how
    this.#report({ causes, how, done: applied, applyMs, state })
  }

  #failed(causes: readonly Cause[], error: unknown): void {
    this.#isVerifyWanted = true
    const hint = error instanceof FairleadError ? error.hint : ''
    const what = messageOf(error)
    const problem: Problem = { where: 'haproxy', what, hint }
    this.#state = {
      ...this.#state,
      isApplied: false,
      problems: [problem],
      error,
      deferred: undefined,
    }
    const kind = error instanceof FairleadError ? error.code : 'internal'
    const done = { changes: [], reasons: [{ kind, text: what }], commands: [], problems: [problem] }
    const state = this.#state.target?.desired ?? noState
    this.#report({ causes, how: 'failed', done, applyMs: 0, state })
    this.#wakeAfter(this.#backoff.next(), 'tried again after a failure')
  }

  #report(input: {
    readonly causes: readonly Cause[]
    readonly how: ChangeEntry['how']
    readonly done: Pick<Applied, 'changes' | 'reasons' | 'commands' | 'problems'>
    readonly applyMs: number
    readonly state: DesiredState
  }): void {
    const { done, state } = input
    const { target, desiredHash } = this.#state
    const pinnedTo = target?.pinnedTo
    const isTarget = state === target?.desired || state === noState
    const hash = isTarget ? desiredHash : desiredStateHash(state)
    const atMs = this.#parts.clock.now()
    this.#parts.onChange(changeEntry({ ...input, atMs, desiredHash: hash, pinnedTo }), {
      commands: firstOf(done.commands),
      problems: done.problems,
      state,
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

function isSameTarget(a: Target, b: Target | undefined): boolean {
  return b !== undefined && a.pinnedTo === b.pinnedTo && isSame(a.desired, b.desired)
}

function isSame(a: DesiredState, b: DesiredState): boolean {
  if (a === b) return true
  if (!isSameText(a, b)) return false
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
