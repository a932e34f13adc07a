import { isDeepStrictEqual } from 'node:util'
import type { Candidate } from '../../model/candidate.ts'
import type { Draining } from '../../model/endpoint.ts'
import { signalName, signalNumber } from '../docker/stop-signal.ts'
import { hasEnded, isRunning } from './swarm-types.ts'
import type { SwarmTask } from './swarm-types.ts'
import { taskToCandidate, waitingCandidate } from './task-to-candidate.ts'
import type { SwarmContext } from './task-to-candidate.ts'
import { containerIdOf } from './task-to-inspect.ts'
import type { TaskFacts } from './task-to-inspect.ts'

const defaultGraceNano = 10e9
/** Added to a task's grace period before it is taken for gone, or its drain mark is taken back. */
const slackMs = 5_000
const sigkill = 9
const endingReason = 'the swarm is ending it'

/**
 * What is known of one task: what the manager said last, and whether it is on its way out. Does no
 * I/O. A task comes with `running`, drains when the manager does not want it any more or its
 * container gets the stop signal, and goes when its process has ended.
 */
export class KnownTask {
  readonly id: string
  #facts: TaskFacts
  #candidate: Candidate | undefined
  #madeOf: readonly unknown[] = []
  /** Its container was sent a signal that stops it. */
  #mark: Draining | undefined
  /** The manager does not want it to run any more. */
  #ending: Draining | undefined
  #hasEnded = false
  #shown: Candidate | undefined

  constructor(id: string, facts: TaskFacts) {
    this.id = id
    this.#facts = facts
  }

  get task(): SwarmTask {
    return this.#facts.task
  }

  /** Newer facts of it. */
  absorb(facts: TaskFacts): void {
    this.#facts = { ...facts, task: withPorts(facts.task, this.#facts.task) }
  }

  /** It is in the manager's list of those that should run, maybe again: one answer was wrong. */
  wanted(): void {
    this.#ending = undefined
  }

  /** The manager has taken it from the list of those that should run: it drains from now. */
  unwanted(nowMs: number): void {
    this.#ending ??= {
      reason: endingReason,
      sinceMs: this.#mark?.sinceMs ?? nowMs,
      untilMs: nowMs + this.#graceMs(),
    }
  }

  /** Its container was sent a signal. Only the one that stops it, or SIGKILL, counts. */
  killed(signal: number, nowMs: number): boolean {
    const stopSignal = signalNumber(this.#stopSignal())
    if (this.isUnwanted || (signal !== stopSignal && signal !== sigkill)) return false
    this.#mark = {
      reason: `${signalName(signal)} was sent`,
      sinceMs: this.#mark?.sinceMs ?? nowMs,
      untilMs: nowMs + this.#graceMs(),
    }
    return true
  }

  /** Its container has ended, whatever the manager still says. */
  ended(): void {
    this.#hasEnded = true
  }

  /**
   * The manager's word on a task that it does not want any more; undefined: it has forgotten it. True
   * when it has ended. The tasks of a node that is down keep their last state for a day: these are
   * gone when their grace period is over.
   */
  isGone(task: SwarmTask | undefined, isNodeDown: boolean, nowMs: number): boolean {
    if (task === undefined || hasEnded(task)) return true
    if (this.#ending === undefined) return false
    // It never ran: there is nothing to finish.
    if (!isRunning(task)) return true
    return isNodeDown && nowMs >= this.#ending.untilMs
  }

  get isShown(): boolean {
    return this.#shown !== undefined
  }

  get isDraining(): boolean {
    return (this.#ending ?? this.#mark) !== undefined
  }

  get isUnwanted(): boolean {
    return this.#ending !== undefined
  }

  /** Takes over a drain mark from before a restart of fairlead. */
  restore(candidate: Candidate): void {
    const [first] = candidate.endpoints
    if (first?.draining === undefined || first.identity !== this.#shownIdentity()) return
    // It is listed: the swarm is not ending it.
    if (first.draining.reason === endingReason) return
    this.#mark ??= first.draining
  }

  /** What is to be shown where that is not what was shown last. `null`: nothing any more. */
  changed(context: SwarmContext, nowMs: number): Candidate | null | undefined {
    const now = this.view(context, nowMs)
    if (now === undefined) {
      if (this.#shown === undefined) return undefined
      this.#shown = undefined
      return null
    }
    if (now === this.#shown || isDeepStrictEqual(now, this.#shown)) return undefined
    this.#shown = now
    return now
  }

  /** The candidate as it is now; undefined while it is about to start. */
  view(context: SwarmContext, nowMs: number): Candidate | undefined {
    // Its replacement is another task; Docker may want this one for a moment longer.
    if (this.#hasEnded || hasEnded(this.task)) return undefined
    const base = this.#base(context)
    const mark = this.#markAt(nowMs)
    if (base === undefined || mark === undefined || base.endpoints.length === 0) return base
    return {
      ...base,
      endpoints: base.endpoints.map((each) => ({ ...each, draining: mark })),
      decisions: [
        ...base.decisions,
        { step: 'drain', outcome: 'note', what: `${mark.reason}: no new requests` },
      ],
    }
  }

  /** Mapped anew only when something that it is made of has become another. */
  #base(context: SwarmContext): Candidate | undefined {
    const { task, service, node, image } = this.#facts
    const madeOf = [task.Version?.Index, service, node, image, context]
    if (
      madeOf.length === this.#madeOf.length &&
      madeOf.every((each, i) => each === this.#madeOf[i])
    )
      return this.#candidate
    this.#madeOf = madeOf
    const hasRun = isRunning(task) || this.#candidate?.endpoints.length
    this.#candidate = hasRun ? taskToCandidate(this.#facts, context) : waitingCandidate(this.#facts)
    return this.#candidate
  }

  /** A signal that has not ended it in time is forgotten: it gets requests again. */
  #markAt(nowMs: number): Draining | undefined {
    if (this.#mark !== undefined && nowMs >= this.#mark.untilMs) this.#mark = undefined
    return this.#ending ?? this.#mark
  }

  #shownIdentity(): string | undefined {
    return this.#candidate?.endpoints[0]?.identity
  }

  #stopSignal(): string {
    const { task, image } = this.#facts
    return task.Spec?.ContainerSpec?.StopSignal || image?.Config?.StopSignal || ''
  }

  #graceMs(): number {
    const nano = this.#facts.task.Spec?.ContainerSpec?.StopGracePeriod ?? defaultGraceNano
    return nano / 1e6 + slackMs
  }
}

/**
 * When another manager becomes the leader, a running task's report may come again without the ports
 * that it has on its node (seen with Docker 20.10). They are its container's as long as that lives.
 */
function withPorts(task: SwarmTask, before: SwarmTask): SwarmTask {
  const ports = before.Status?.PortStatus?.Ports ?? []
  const isSame = containerIdOf(task) === containerIdOf(before)
  if (!isSame || ports.length === 0 || (task.Status?.PortStatus?.Ports ?? []).length > 0)
    return task
  return { ...task, Status: { ...task.Status, PortStatus: { Ports: ports } } }
}
