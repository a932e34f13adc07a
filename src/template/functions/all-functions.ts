import { catalogueFunctions } from './catalogue-functions.ts'
import { formatFunctions } from './formats/all-formats.ts'
import type { FunctionMaker, FunctionSet } from './function-set.ts'
import { groupingFunctions } from './grouping-functions.ts'
import { executionHelpers, helperFunctions } from './helpers/all-helpers.ts'
import { keyFunctions } from './key-functions.ts'
import { sprigExecutionFunctions, sprigFunctions } from './sprig/all-sprig.ts'
import { surroundingsFunctions } from './surroundings-functions.ts'
import { unsupportedFunctions } from './unsupported.ts'

/** The functions of consul-template that always give the same for the same arguments. */
export const plainFunctions: FunctionSet = {
  ...formatFunctions,
  ...groupingFunctions,
  ...helperFunctions,
  ...sprigFunctions,
  ...unsupportedFunctions,
}

/** The functions of consul-template that are made anew for each evaluation. */
export const executionFunctions: FunctionMaker = (inputs) => ({
  ...catalogueFunctions(inputs),
  ...executionHelpers(inputs),
  ...keyFunctions(inputs),
  ...sprigExecutionFunctions(inputs),
  ...surroundingsFunctions(inputs),
})
