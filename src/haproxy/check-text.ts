import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { DesiredState } from '../model/desired-state.ts'
import { isDigest } from '../model/file-digest.ts'
import type { HaproxyControl } from './control.ts'

/**
 * Whether HAProxy would take a generated state: it is put into a folder of its own, which is removed
 * again, and checked there; the files in force are not touched. Throws ConfigRejectedError.
 */
export async function checkText(
  haproxy: Pick<HaproxyControl, 'validate'>,
  desired: DesiredState,
  folder: string,
): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    let { config } = desired
    for (const [index, [path, content]] of [...desired.files].entries()) {
      if (isDigest(content)) continue
      const copy = join(folder, `${index}-${basename(path)}`)
      await writeFile(copy, content, { mode: 0o600 })
      config = config.replaceAll(path, copy)
    }
    const path = join(folder, 'haproxy.cfg')
    await writeFile(path, config, { mode: 0o600 })
    await haproxy.validate(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
