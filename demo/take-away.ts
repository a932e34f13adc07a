import { existsSync, rmSync } from 'node:fs'
import { removeContainers } from './containers.ts'
import { Docker, dockerTarget } from './docker.ts'
import { instanceOf, readRecord } from './folder.ts'
import { endProcesses } from './leftovers.ts'

/**
 * Takes away all that the demo in `folder` started and nothing else: fairlead and HAProxy first, so
 * that no request meets a missing server, then the containers, then the folder. Works from the
 * folder alone, whatever has become of the demo itself. Resolves to false when there was nothing.
 */
export async function takeAway(folder: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!existsSync(folder)) return false
  await endProcesses(folder)
  const host = readRecord(folder)?.dockerHost
  const target = host === undefined ? undefined : dockerTarget(host, env)
  if (target !== undefined) await removeContainers(new Docker(target), instanceOf(folder))
  rmSync(folder, { recursive: true, force: true })
  return true
}
