import type { AnswerOf } from './catalogue.ts'
import type { Dependency } from './dependency.ts'

/** What is known now of what templates depend on. */
export type Knowledge = {
  /** The answer there is; undefined: none yet. Never throws, never waits. */
  recall<D extends Dependency>(dependency: D): AnswerOf[D['kind']] | undefined
}

/** Why a dependency has no newer answer. */
export type DependencyFailure = {
  readonly dependency: Dependency
  readonly error: Error
  /** How many times in a row it has failed. */
  readonly failures: number
  /** When it is asked again; undefined: never, the attempts are used up. */
  readonly retryInMs: number | undefined
}

/** Something happened to what is followed. */
export type WatchEvent =
  | { readonly kind: 'changed'; readonly dependencies: readonly Dependency[] }
  | { readonly kind: 'failed'; readonly failure: DependencyFailure }

/**
 * Keeps answers up to date. Real: Consul and the disk (watch/). In memory: tests, offline
 * rendering.
 */
export type DependencySource = Knowledge & {
  /** From now on just these are followed; of the others the answers are forgotten. */
  follow(dependencies: Iterable<Dependency>): void
  /** Told after each change and failure, several changes at once where they came so. */
  onEvent(listener: (event: WatchEvent) => void): void
  close(): void
}

/** A source that says what fails now as well. */
export type WatchedSource = DependencySource & {
  /**
   * What was asked for in vain and has not been answered since, each once for all that is asked for
   * together; nothing of what is not followed any more. A key that is not there is no failure here.
   */
  failing(): readonly DependencyFailure[]
}

/** What templates may do beside asking: what has effects, or is another one each time. */
export type Surroundings = {
  /** Undefined: not set. */
  readonly environment: (name: string) => string | undefined
  readonly now: () => Date
  /** Relative paths, and programs, start here. */
  readonly workingFolder: string
  /** Undefined: files and programs may be anywhere. */
  readonly sandboxPath: string | undefined
  /** Whether `plugin` and `writeToFile` may do what they do; else they are an error. */
  readonly hasEffects: boolean
}

/** What one evaluation of a template gave. */
export type Rendering = {
  /** Everything that was asked for, in the order of the first question. */
  readonly used: readonly Dependency[]
  /** What is not known yet. Not empty: the text is of no use. */
  readonly missing: readonly Dependency[]
  readonly text: string
}
