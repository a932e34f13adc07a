import type { AnswerOf } from '../catalogue.ts'
import type { Surroundings } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { Execution } from '../go/template.ts'
import type { GoFunction } from '../go/values.ts'

/** Functions by the names that templates call them by. */
export type FunctionSet = Readonly<Record<string, GoFunction>>

/** What functions that are made anew for each execution may use. */
export type FunctionInputs = {
  readonly surroundings: Surroundings
  readonly execution: Execution
  /**
   * Asks for something that the template depends on, and records that it was asked for. Undefined:
   * it is not known yet.
   */
  readonly recall: <D extends Dependency>(dependency: D) => AnswerOf[D['kind']] | undefined
  /** Records that an answer will not do: the template waits for another one. */
  readonly waitFor: (dependency: Dependency) => void
}

/** Makes functions for one execution. Making them has no effect; only calling them may have. */
export type FunctionMaker = (inputs: FunctionInputs) => FunctionSet
