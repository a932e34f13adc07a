import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import type { ClusterReport } from './api/contract.ts'
import { Announcer, type Facts } from './cluster/announcer.ts'
import type { Card, Condition } from './cluster/card.ts'
import { ClusterHasher, type ClusterHash } from './cluster/cluster-hash.ts'
import { areSame, compareMembers } from './cluster/compare.ts'
import { clusterService } from './cluster/own-service.ts'
import { Roster } from './cluster/roster.ts'
import type { DaemonHistory } from './daemon-history.ts'
import type { MeetingPlace } from './daemon-registry.ts'
import type { Paths } from './daemon-settings.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
import type { DesiredState } from './model/desired-state.ts'
import type { Problem } from './model/problem.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { leftOutCount } from './report/status.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'
import { version } from './version.ts'

export type ClusterParts = {
  readonly place: MeetingPlace
  readonly instance: string
  readonly paths: Pick<Paths, 'maps'>
  readonly pipeline: Pick<Pipeline, 'state'>
  readonly history: Pick<DaemonHistory, 'ledger'>
  readonly haproxy: Pick<HaproxyInstance, 'isRunning' | 'version'>
  /** `ADDR:PORT` of HAProxy. */
  readonly http: () => readonly string[]
  readonly clock: Clock
  readonly log: Logger
}

/** This load balancer among the others of the same Consul. */
export class Cluster {
  readonly #parts: ClusterParts
  readonly #announcer: Announcer
  readonly #roster: Roster
  readonly #hasher: ClusterHasher
  readonly #run = randomUUID().slice(0, 8)
  #hashed:
    | { readonly desired: DesiredState; readonly hash: ClusterHash; sinceMs: number }
    | undefined

  constructor(parts: ClusterParts) {
    const { clock, log, place, paths } = parts
    const { consul } = place
    this.#parts = parts
    // The folder of the maps is in that of all that the configuration names.
    this.#hasher = new ClusterHasher(dirname(paths.maps))
    this.#roster = new Roster({ consul, clock, own: () => this.#announcer.written })
    this.#announcer = new Announcer({
      consul,
      clock,
      facts: () => this.#facts(),
      isAlone: () =>
        this.#members().some(({ isThis, verdict }) => isThis && verdict.kind !== 'same'),
      onTrouble: (error) => {
        if (error === undefined) log.info('registered in Consul as a load balancer again')
        else log.warn({ error: error.message }, 'cannot register in Consul as a load balancer')
      },
    })
  }

  /** Something may be served otherwise than before. */
  touch(): void {
    this.#announcer.touch()
  }

  /** Until the signal aborts. Nothing else waits for it. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#announcer.run(signal), this.#roster.run(signal)])
  }

  /** `down`: HAProxy ends too. Throws nothing, and takes no more than two seconds. */
  async end(how: 'leave' | 'down' | undefined): Promise<void> {
    if (how === 'down') await this.#announcer.remove()
    else await this.#announcer.leave()
  }

  /** All load balancers as they were read last, or, by default, now. */
  async report(isKnown = false): Promise<ClusterReport> {
    if (!isKnown) await this.#roster.read()
    const members = this.#members()
    const { error, readAtMs } = this.#roster
    return {
      kind: 'consul',
      service: clusterService,
      isSame: error === '' && members.some(({ isThis }) => isThis) && areSame(members),
      readAtMs,
      error,
      members,
      counts: this.#announcer.counts,
    }
  }

  problems(): readonly Problem[] {
    const taken = {
      where: 'cluster',
      what: `another load balancer registers as ${this.#parts.instance} on ${this.#parts.place.node()} too, so that only one of them is seen`,
      hint: 'give each a --name of its own',
    }
    return [...this.#announcer.problems(), ...(this.#roster.isTaken ? [taken] : [])]
  }

  #members() {
    return compareMembers(this.#roster.members, this.#parts.clock.now())
  }

  #facts(): Facts {
    const { place, instance, pipeline, history, haproxy, http } = this.#parts
    const state = pipeline.state()
    const { hash, sinceMs } = this.#hash(state.target?.desired)
    const card: Card = {
      instance,
      node: place.node(),
      run: this.#run,
      version,
      haproxyVersion: haproxy.version,
      hash,
      generation: history.ledger.recent().at(-1)?.id ?? 0,
      isApplied: state.isApplied,
      pinnedTo: state.target?.pinnedTo,
      leftOut: leftOutCount(state),
      catalogueIndex: place.catalogueIndex(),
      sinceMs,
      http: http(),
    }
    return { card, condition: this.#condition(state.isApplied) }
  }

  #condition(isApplied: boolean): Condition {
    if (!this.#parts.haproxy.isRunning) return { status: 'warning', output: 'HAProxy is down' }
    if (!isApplied) return { status: 'warning', output: 'the desired state is not applied' }
    return { status: 'passing', output: 'serves the desired state' }
  }

  #hash(desired: DesiredState = nothing): { readonly hash: ClusterHash; readonly sinceMs: number } {
    const before = this.#hashed
    if (before?.desired === desired) return before
    const hash = this.#hasher.hash(desired)
    const isSame = before?.hash.whole === hash.whole
    const sinceMs = isSame ? before.sinceMs : this.#parts.clock.now()
    this.#hashed = { desired, hash, sinceMs }
    return this.#hashed
  }
}

const nothing: DesiredState = { config: '', files: new Map(), servers: new Map() }
