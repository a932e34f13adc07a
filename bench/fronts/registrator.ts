import { join } from 'node:path'
import { dockerHosts } from '../../demo/docker.ts'
import { startProgram } from '../stage/program.ts'
import type { Program } from '../stage/program.ts'
import type { Stage } from '../stage/stage.ts'
import { bundle } from './fairlead.ts'

/** `fairlead registrator` of this checkout. */
export const ownRegistrator: readonly string[] = [process.execPath, bundle, 'registrator']

let count = 0

/** Registers the containers of the local Docker daemon by their own addresses; ended with the stage. */
export async function startRegistrator(
  stage: Stage,
  consulAddress: string,
  command: readonly string[] = ownRegistrator,
): Promise<Program> {
  count += 1
  const args = ['-internal', '-cleanup', `consul://${consulAddress}`]
  const log = join(stage.folder, `registrator-${count}.log`)
  // Registrator looks for a socket in /tmp where nothing is said.
  const env = { DOCKER_HOST: dockerHosts(process.env)[0] ?? '' }
  const program = await startProgram([...command, ...args], log, env)
  stage.onClose(() => program.end())
  return program
}
