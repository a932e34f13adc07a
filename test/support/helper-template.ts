import {
  executionHelpers,
  helperFunctions,
} from '../../src/template/functions/helpers/all-helpers.ts'
import type { Surroundings } from '../../src/template/contract.ts'
import { formatFunctions } from '../../src/template/functions/formats/all-formats.ts'
import type { FunctionSet } from '../../src/template/functions/function-set.ts'
import { execute, parseTemplate } from '../../src/template/go/template.ts'
import type { Execution } from '../../src/template/go/template.ts'
import type { Value } from '../../src/template/go/values.ts'

export const plainSurroundings: Surroundings = {
  environment: (name) => process.env[name],
  now: () => new Date('2020-01-02T03:04:05.678Z'),
  workingFolder: '/',
  sandboxPath: undefined,
  hasEffects: false,
}

/** What a template with the helper functions gives, for `.`. */
export function renderedHelpers(
  text: string,
  dot: Value = null,
  surroundings: Partial<Surroundings> = {},
): string {
  const made = (execution: Execution): FunctionSet =>
    executionHelpers({
      surroundings: { ...plainSurroundings, ...surroundings },
      execution,
      recall: () => undefined,
      waitFor: () => undefined,
    })
  const functions = { ...formatFunctions, ...helperFunctions, ...made({ execute: () => '' }) }
  const template = parseTemplate('', text, { functions, missingKey: 'zero' })
  return execute(template, dot, { functions: made })
}
