import type { FunctionMaker, FunctionSet } from '../function-set.ts'
import { newWork } from '../helpers/regex-functions.ts'
import { chanceFunctions } from './chance.ts'
import { dictFunctions } from './dicts.ts'
import { durationFunctions } from './durations.ts'
import { encodingFunctions } from './encodings.ts'
import { expressionFunctions } from './expressions.ts'
import { listFunctions } from './lists.ts'
import { logicFunctions } from './logic.ts'
import { numberFunctions } from './numbers.ts'
import { pathFunctions } from './paths.ts'
import { secretFunctions } from './secrets.ts'
import { textFunctions } from './texts.ts'
import { urlFunctions } from './urls.ts'
import { versionFunctions } from './version-functions.ts'

const byName: FunctionSet = {
  ...textFunctions,
  ...numberFunctions,
  ...listFunctions,
  ...dictFunctions,
  ...logicFunctions,
  ...encodingFunctions,
  ...pathFunctions,
  ...expressionFunctions(),
  ...versionFunctions,
  ...urlFunctions,
  ...durationFunctions,
  ...secretFunctions,
  ...chanceFunctions,
}

const prefixed = (functions: FunctionSet): FunctionSet =>
  Object.fromEntries(Object.entries(functions).map(([name, call]) => [`sprig_${name}`, call]))

/**
 * The functions of Sprig v3 that look at nothing but their arguments, as consul-template has them:
 * with `sprig_` before their names.
 */
export const sprigFunctions: FunctionSet = prefixed(byName)

/** Those of them that are made anew for each evaluation, so that what they do in it is limited. */
export const sprigExecutionFunctions: FunctionMaker = () => prefixed(expressionFunctions(newWork()))
