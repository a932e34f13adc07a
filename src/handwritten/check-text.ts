import type { AttachedHaproxy } from '../haproxy/process/attached.ts'
import { findHaproxy } from '../haproxy/process/program.ts'
import { validateConfig } from '../haproxy/process/validate.ts'
import type { ConfigSource } from './config-source.ts'
import type { Located } from './locate.ts'

/**
 * Has HAProxy's own program check a configuration (`haproxy -c`), a folder as one, from the folder
 * that HAProxy works in: the program that its next reload starts. Where that is not on this machine
 * nothing is checked, and HAProxy looks itself at the reload.
 * Throws ConfigRejectedError with HAProxy's words, by file and line.
 */
export async function checkText(
  source: ConfigSource,
  haproxy: AttachedHaproxy,
  located: Located,
  named: string | undefined,
): Promise<void> {
  const program = named ?? located.local?.program
  if (program === undefined) return haproxy.validate(source.path)
  const { path } = await findHaproxy(program)
  await validateConfig(path, source.path, located.facts?.folder)
}
