import type { FunctionMaker, FunctionSet } from './function-set.ts'
import { unsupportedFunctions } from './unsupported.ts'

/** The functions of consul-template that always give the same for the same arguments. */
export const plainFunctions: FunctionSet = { ...unsupportedFunctions }

/** The functions of consul-template that are made anew for each evaluation. */
export const executionFunctions: FunctionMaker = () => ({})
