import type { Endpoint } from './endpoint.ts'
import type { Decision, Problem } from './problem.ts'

/**
 * One thing that a source saw and that may offer services: a container, a service registered by
 * hand. It has endpoints, or the reasons why not; both are kept, so that `status` and `explain`
 * can answer for everything that was seen.
 */
export type Candidate = {
  /** Unique within its source: the container id, the service id. */
  readonly key: string
  /** `instance`: a service instance that somebody else registered in Consul. */
  readonly kind: 'container' | 'registration' | 'instance'
  /** What the user calls it: the container's name, the service id. */
  readonly name: string
  readonly node: string
  /** Image name for containers, else empty. */
  readonly image: string
  /** What of the settings chose an instance without routing meta: `--tag web`; undefined: nothing. */
  readonly chosenBy?: string
  readonly endpoints: readonly Endpoint[]
  readonly problems: readonly Problem[]
  /** From "seen" to "registered", in order. */
  readonly decisions: readonly Decision[]
  /** Another source has it, and offers it: it is not left out. */
  readonly isElsewhere?: true
  /** What its source wants back after a restart, as JSON; only the source reads it. */
  readonly kept?: unknown
}

/** What a source learnt. Applied in order; a `complete` one replaces all that the source said before. */
export type Observation = {
  /** Names the source: `docker:<node>`, `api`, `consul`. */
  readonly source: string
  readonly isComplete: boolean
  readonly upserts: readonly Candidate[]
  /** Keys of candidates that are gone. */
  readonly removals: readonly string[]
  /** Exit codes of removed containers by key, as far as the daemon said them. */
  readonly exits?: ReadonlyMap<string, number>
  /** Why: `start web-1`, `full list`; shown as the cause of a change. */
  readonly cause: string
  /** Unix ms when the event happened by the daemon's clock; undefined when nothing happened. */
  readonly eventAtMs: number | undefined
}

/** How a source of candidates is doing; `status` and `/readyz` show it. */
export type SourceState = {
  readonly source: string
  /** `connected`: list done, stream open. `connecting`: not yet or again. */
  readonly state: 'connected' | 'connecting' | 'stopped'
  /** Last error, else empty. */
  readonly error: string
  readonly sinceMs: number
}

/** A source of observations. Never ends by itself and never throws for what the network does. */
export type Provider = {
  readonly source: string
  /** Runs until the signal aborts; then the iteration ends without error. */
  observe(signal: AbortSignal): AsyncIterable<Observation>
  state(): SourceState
}
