import { isDeepStrictEqual } from 'node:util'
import type { Candidate } from '../../model/candidate.ts'
import type { Draining } from '../../model/endpoint.ts'
import { identityOf } from './container-to-candidate.ts'
import { nanosOf } from './docker-types.ts'
import type { Inspect } from './docker-types.ts'
import { signalName, signalNumber } from './stop-signal.ts'

/** What Docker waits by default between stop signal and SIGKILL. */
const defaultStopTimeoutMs = 10_000
/** Added to a container's stop timeout before its drain mark is taken back. */
const graceMs = 5000
const sigkill = 9

type Facts = {
  readonly identity: string
  readonly startedNano: number
  readonly stopSignal: number | undefined
  readonly stopTimeoutMs: number
  readonly networkIds: ReadonlySet<string>
  readonly isSharing: boolean
}

/**
 * What is known of one container in one session or more: what the last inspect said, and the drain
 * mark, which no inspect shows. Does no I/O.
 */
export class KnownContainer {
  readonly id: string
  name: string
  /** Times and causes of events that no inspect has answered yet. */
  wanted: { readonly cause: string; readonly eventAtMs: number | undefined } | undefined
  /** The session that is inspecting it right now. */
  inspectedBy: AbortSignal | undefined
  #base: Candidate | undefined
  #facts: Facts | undefined
  #mark: Draining | undefined
  #pendingKill:
    | { readonly signal: number; readonly timeNano: number; readonly atMs: number }
    | undefined
  #overstayed = ''
  #shown: Candidate | undefined

  constructor(id: string, name: string) {
    this.id = id
    this.name = name
  }

  get mark(): Draining | undefined {
    return this.#mark
  }

  /** Its addresses may be on that network: what shares another's networks has none of its own. */
  mayBeOn(networkId: string): boolean {
    return this.#facts?.isSharing === true || this.#facts?.networkIds.has(networkId) === true
  }

  /** Whether an event belongs to an earlier run of the container than the one inspected. */
  isBefore(timeNano: number): boolean {
    return this.#facts !== undefined && timeNano < this.#facts.startedNano
  }

  /** Takes over a drain mark from before a restart of fairlead, if it is of the same run. */
  restore(candidate: Candidate): void {
    const [first] = candidate.endpoints
    if (first === undefined || first.identity !== this.#facts?.identity) return
    this.#mark = first.draining
  }

  /** A newer inspect. What belonged to an earlier run of the container is forgotten. */
  absorb(inspect: Inspect, candidate: Candidate): void {
    const identity = identityOf(inspect)
    if (this.#facts !== undefined && this.#facts.identity !== identity) this.#forgetRun()
    this.#facts = {
      identity,
      startedNano: nanosOf(inspect.State?.StartedAt),
      stopSignal: signalNumber(inspect.Config?.StopSignal ?? ''),
      stopTimeoutMs: stopTimeoutMs(inspect.Config?.StopTimeout),
      networkIds: new Set(
        Object.values(inspect.NetworkSettings?.Networks ?? {}).map((each) => each?.NetworkID ?? ''),
      ),
      isSharing: (inspect.HostConfig?.NetworkMode ?? '').startsWith('container:'),
    }
    this.#base = candidate
    this.name = candidate.name
    this.#judgeKill()
  }

  /**
   * A signal was sent to it. When it is the one that stops it (or SIGKILL), it drains from now;
   * where no inspect is there yet to tell, the next one will.
   */
  killed(signal: number, timeNano: number, nowMs: number): void {
    this.#pendingKill = { signal, timeNano, atMs: nowMs }
    this.#judgeKill()
  }

  /** The mark's time is over and it is still running: it gets requests again, and that is shown. */
  endOverdue(nowMs: number): boolean {
    const mark = this.#mark
    if (mark === undefined || nowMs < mark.untilMs) return false
    const seconds = Math.round((mark.untilMs - mark.sinceMs) / 1000)
    this.#mark = undefined
    this.#overstayed = `still running ${seconds} s after its stop signal; it gets requests again`
    return true
  }

  /** The candidate as it is now; undefined when that is what was shown last. */
  changed(): Candidate | undefined {
    const now = this.view()
    if (now === undefined || isDeepStrictEqual(now, this.#shown)) return undefined
    this.#shown = now
    return now
  }

  /** Notes that the candidate was shown, and returns it. */
  shown(): Candidate | undefined {
    this.#shown = this.view()
    return this.#shown
  }

  view(): Candidate | undefined {
    const base = this.#base
    if (base === undefined || base.endpoints.length === 0) return base
    const mark = this.#mark
    if (mark !== undefined) {
      return {
        ...base,
        endpoints: base.endpoints.map((each) => ({ ...each, draining: mark })),
        decisions: [
          ...base.decisions,
          { step: 'drain', outcome: 'note', what: `${mark.reason}: no new requests` },
        ],
      }
    }
    if (this.#overstayed === '') return base
    return {
      ...base,
      problems: [
        ...base.problems,
        {
          where: `container ${this.name}`,
          what: this.#overstayed,
          hint: 'does it ignore its stop signal? Give it --stop-timeout, or STOPSIGNAL in its image',
        },
      ],
      decisions: [...base.decisions, { step: 'drain', outcome: 'note', what: this.#overstayed }],
    }
  }

  #judgeKill(): void {
    const kill = this.#pendingKill
    const facts = this.#facts
    if (kill === undefined || facts === undefined) return
    this.#pendingKill = undefined
    if (kill.timeNano < facts.startedNano) return
    if (kill.signal !== facts.stopSignal && kill.signal !== sigkill) return
    this.#overstayed = ''
    this.#mark = {
      reason: `${signalName(kill.signal)} was sent`,
      sinceMs: this.#mark?.sinceMs ?? kill.atMs,
      untilMs: kill.atMs + facts.stopTimeoutMs + graceMs,
    }
  }

  #forgetRun(): void {
    this.#mark = undefined
    this.#overstayed = ''
  }
}

/** Negative means "for ever" to Docker; the mark still has an end. */
function stopTimeoutMs(seconds: number | null | undefined): number {
  return seconds === null || seconds === undefined || seconds < 0
    ? defaultStopTimeoutMs
    : seconds * 1000
}
