import { resolve } from 'node:path'
import { callFailure } from '../go/failure.ts'
import { goFunction } from '../go/functions.ts'
import { stringType } from '../go/types.ts'
import type { FunctionMaker } from './function-set.ts'
import { fileDependency } from './queries.ts'
import { checkSandbox } from './sandbox.ts'

/** Files, and the environment's variables. */
export const surroundingsFunctions: FunctionMaker = ({ surroundings, recall }) => {
  const { environment, workingFolder, sandboxPath } = surroundings
  return {
    file: goFunction([stringType], (text) => {
      if (text === '') return ''
      // The same path that is read: spaces before `/../` would make another one of it.
      const path = text.trim()
      if (path === '') throw callFailure('file: invalid format: ""')
      checkSandbox(path, sandboxPath, workingFolder)
      return recall(fileDependency(path, resolve(workingFolder, path))) ?? ''
    }),
    env: goFunction([stringType], (name) => environment(name) ?? ''),
    envOrDefault: goFunction(
      [stringType, stringType],
      (name, otherwise) => environment(name) ?? otherwise,
    ),
    mustEnv: goFunction([stringType], (name) => {
      const value = environment(name) ?? ''
      if (value === '') throw callFailure(`required environment variable ${name} is empty`)
      return value
    }),
  }
}
