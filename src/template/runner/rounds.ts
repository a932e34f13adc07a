import { messageOf } from '../../model/errors.ts'
import type { Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { Program } from '../render/program.ts'
import { RenderError } from '../render/render-error.ts'

/** What one evaluation of a template came to. */
export type Outcome =
  | { readonly kind: 'rendered'; readonly text: string }
  /** Answers are missing. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly error: Error }

/** States of a template; `new`: never evaluated. */
type State = {
  readonly program: Program
  used: ReadonlyMap<string, Dependency>
  missing: readonly Dependency[]
  phase: 'new' | Outcome['kind']
  /** Whether it has ever been rendered with all answers. */
  hasRendered: boolean
}

/**
 * Evaluates templates in rounds, as more and more of what they ask for is known. The templates do
 * not hold each other back.
 */
export class Rounds {
  readonly #knowledgeOf: (index: number) => Knowledge
  readonly #states: readonly State[]

  /** Which knowledge a template, by its index, is evaluated with. */
  constructor(programs: readonly Program[], knowledgeOf: (index: number) => Knowledge) {
    this.#knowledgeOf = knowledgeOf
    this.#states = programs.map((program) => ({
      program,
      used: new Map(),
      missing: [],
      phase: 'new',
      hasRendered: false,
    }))
  }

  /** Those that asked for any of these in their last evaluation. */
  usersOf(dependencies: readonly Dependency[]): readonly number[] {
    return this.#indices(({ used, missing }) =>
      dependencies.some(({ name }) => used.has(name) || missing.some((each) => each.name === name)),
    )
  }

  /**
   * Whether evaluating a template again may get it further: half of what it missed is known. So a
   * template with a thousand questions is not evaluated a thousand times while answers arrive.
   */
  isWorthwhile(index: number): boolean {
    const { phase, missing } = this.#state(index)
    if (phase !== 'waiting') return true
    const knowledge = this.#knowledgeOf(index)
    const known = missing.filter((dependency) => knowledge.recall(dependency) !== undefined)
    return known.length * 2 >= missing.length
  }

  evaluate(index: number): Outcome {
    const state = this.#state(index)
    const outcome = this.#attempt(state, index)
    state.phase = outcome.kind
    if (outcome.kind === 'rendered') state.hasRendered = true
    return outcome
  }

  /** What all of these templates ask for, together. */
  usedBy(indices: Iterable<number>): Iterable<Dependency> {
    const all = new Map<string, Dependency>()
    for (const index of indices) {
      const { used, missing } = this.#state(index)
      for (const [name, dependency] of used) all.set(name, dependency)
      for (const dependency of missing) all.set(dependency.name, dependency)
    }
    return all.values()
  }

  /** What is waited for, each once. */
  missing(): readonly Dependency[] {
    const waiting = this.#states.filter(({ phase }) => phase === 'waiting')
    const all = waiting.flatMap(({ missing }) => missing.map((each) => [each.name, each] as const))
    return [...new Map(all).values()]
  }

  /** Templates that have never been rendered. */
  unrendered(): readonly number[] {
    return this.#indices(({ hasRendered }) => !hasRendered)
  }

  /** Templates whose last evaluation stopped at an error. */
  failed(): readonly number[] {
    return this.#indices(({ phase }) => phase === 'failed')
  }

  #attempt(state: State, index: number): Outcome {
    try {
      const { text, used, missing } = state.program.render(this.#knowledgeOf(index))
      learn(state, used, missing)
      return missing.length === 0 ? { kind: 'rendered', text } : { kind: 'waiting' }
    } catch (error) {
      // With more answers it may not stop there.
      if (error instanceof RenderError && error.missing.length > 0) {
        learn(state, error.used, error.missing)
        return { kind: 'waiting' }
      }
      // It asks for what it asked for before, and for what led to the error: either may end it.
      if (error instanceof RenderError) {
        learn(state, [...state.used.values(), ...error.used], [])
      }
      return { kind: 'failed', error: error instanceof Error ? error : new Error(messageOf(error)) }
    }
  }

  #indices(condition: (state: State) => boolean): readonly number[] {
    return this.#states.flatMap((state, index) => (condition(state) ? [index] : []))
  }

  #state(index: number): State {
    const state = this.#states[index]
    if (state === undefined) throw new RangeError(`there is no template ${index}`)
    return state
  }
}

function learn(state: State, used: readonly Dependency[], missing: readonly Dependency[]): void {
  state.used = new Map(used.map((dependency) => [dependency.name, dependency]))
  state.missing = missing
}
