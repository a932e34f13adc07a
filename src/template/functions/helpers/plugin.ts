import type { Surroundings } from '../../contract.ts'
import { callFailure } from '../../go/failure.ts'
import { variadicFunction } from '../../go/functions.ts'
import { defaultLimits } from '../../go/limits.ts'
import { quote } from '../../go/quote.ts'
import { stringType } from '../../go/types.ts'
import type { FunctionMaker } from '../function-set.ts'
import { checkSandbox } from '../sandbox.ts'
import { programPath } from './program-path.ts'
import { runProgram } from './run-program.ts'
import type { ProgramEnd } from './run-program.ts'
import { trimmedSpace } from './white-space.ts'

/** As in consul-template. */
const mostTimeMs = 30_000

/** Of each output of a program that failed. */
const mostShown = 10_000

function failed(name: string, { failure, isCutOff, stdout, stderr }: ProgramEnd): Error {
  const reason = `exec ${quote(name)}: ${failure}`
  if (isCutOff) return callFailure(reason)
  const [out, err] = [stdout.slice(0, mostShown), stderr.slice(0, mostShown)]
  return callFailure(`${reason}\n\nstdout:\n\n${out}\n\nstderr:\n\n${err}`)
}

/** The output of a program that is found on PATH, or by its path, without the space around it. */
function plugin(surroundings: Surroundings, name: string, given: readonly string[]): string {
  const { environment, workingFolder, sandboxPath, hasEffects } = surroundings
  if (name === '') return ''
  if (!hasEffects) throw callFailure(`exec ${quote(name)}: programs are not run here`)
  const path = programPath(name, environment('PATH') ?? '', workingFolder)
  if (path === undefined) {
    const failure = `exec: ${quote(name)}: executable file not found in $PATH`
    throw failed(name, { failure, isCutOff: false, stdout: '', stderr: '' })
  }
  checkSandbox(path, sandboxPath, workingFolder)
  const end = runProgram({
    path,
    name,
    // Line ends around them confuse some programs, and what is empty is not given at all.
    given: given.map(trimmedSpace).filter((each) => each !== ''),
    workingFolder,
    mostTimeMs,
    mostBytes: defaultLimits.textBytes,
  })
  if (end.failure !== undefined) throw failed(name, end)
  return trimmedSpace(end.stdout)
}

/** `plugin`: what a program writes. */
export const pluginFunctions: FunctionMaker = ({ surroundings }) => ({
  plugin: variadicFunction([stringType], stringType, (name, ...given) =>
    plugin(surroundings, name, given),
  ),
})
