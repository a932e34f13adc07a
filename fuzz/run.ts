import { configTargets } from './config-targets.ts'
import { diffTargets } from './diff-targets.ts'
import { randomOf } from './random.ts'
import type { Input, Target } from './target.ts'
import { templateTargets } from './template-targets.ts'

export const targets: readonly Target[] = [...configTargets, ...diffTargets, ...templateTargets]

/** An input for which a target does not hold. */
export type Failure = {
  readonly target: string
  readonly run: number
  readonly input: Input
  readonly error: string
}

/** The input of one run, the same each time. */
export function inputOf(target: Target, seed: number, run: number): Input {
  return target.generate(randomOf(seed, target.name, run))
}

/** One run of a target; undefined: it holds. */
export function runOnce(target: Target, seed: number, run: number): Failure | undefined {
  const input = inputOf(target, seed, run)
  const error = violation(target, input)
  return error === undefined ? undefined : { target: target.name, run, input, error }
}

/**
 * The failure with as little input as can be found by cutting out stretches, ever shorter ones, for
 * as long as some violation is left.
 */
export function shrink(target: Target, failure: Failure): Failure {
  let smallest = failure
  for (const name of Object.keys(failure.input)) {
    const length = smallest.input[name]?.length ?? 0
    for (let size = 2 ** Math.ceil(Math.log2(length + 1)); size >= 1; size /= 2) {
      for (let at = 0; at < (smallest.input[name]?.length ?? 0);) {
        const text = smallest.input[name] ?? ''
        const input = { ...smallest.input, [name]: text.slice(0, at) + text.slice(at + size) }
        const error = violation(target, input)
        if (error === undefined) at += size
        else smallest = { ...smallest, input, error }
      }
    }
  }
  return smallest
}

function violation(target: Target, input: Input): string | undefined {
  try {
    target.check(input)
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
