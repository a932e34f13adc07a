import { callFailure } from '../go/failure.ts'
import { variadicReflectedFunction } from '../go/functions.ts'
import type { FunctionSet } from './function-set.ts'

const denied = variadicReflectedFunction(0, () => {
  throw callFailure('function is disabled')
})

/** Whether a name fits a glob: `*` is any text, `?` any character. */
function fits(name: string, glob: string): boolean {
  const pattern = glob
    .replaceAll(/[^\w*?]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`, 's').test(name)
}

/** The same functions; those whose name fits one of the globs fail whenever they are called. */
export function withoutDenied(functions: FunctionSet, globs: readonly string[]): FunctionSet {
  if (globs.length === 0) return functions
  const entries = Object.entries(functions).map(
    ([name, callee]) => [name, globs.some((glob) => fits(name, glob)) ? denied : callee] as const,
  )
  return Object.fromEntries(entries)
}
