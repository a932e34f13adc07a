import type { FunctionMaker, FunctionSet } from '../function-set.ts'
import { arithmeticFunctions } from './arithmetic-functions.ts'
import { encodingFunctions } from './encoding-functions.ts'
import { executionBoundFunctions } from './execution-functions.ts'
import { listFunctions } from './list-functions.ts'
import { mergeFunctions } from './merge-functions.ts'
import { parseFunctions } from './parse-functions.ts'
import { pluginFunctions } from './plugin.ts'
import { regexFunctions } from './regex-functions.ts'
import { scratchFunctions } from './scratch.ts'
import { sockaddrFunctions } from './sockaddr/sockaddr-functions.ts'
import { textFunctions } from './text-functions.ts'
import { fileWritingFunctions } from './write-to-file.ts'

/** consul-template's helper functions that always give the same for the same arguments. */
export const helperFunctions: FunctionSet = {
  ...arithmeticFunctions,
  ...encodingFunctions,
  ...listFunctions,
  ...mergeFunctions,
  ...parseFunctions,
  ...textFunctions,
}

/** consul-template's helper functions that are made anew for each evaluation. */
export const executionHelpers: FunctionMaker = (inputs) => ({
  ...executionBoundFunctions(inputs),
  ...fileWritingFunctions(inputs),
  ...pluginFunctions(inputs),
  ...regexFunctions(inputs),
  ...scratchFunctions(inputs),
  ...sockaddrFunctions(inputs),
})
