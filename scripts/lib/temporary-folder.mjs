import { mkdtempSync, rmSync } from 'node:fs'

/**
 * Makes a folder whose path begins with `prefix`. The returned `remove` takes it away; so does the
 * end of this process, by a signal that a program it ran was sent, too.
 */
export function temporaryFolder(prefix) {
  const path = mkdtempSync(prefix)
  const remove = () => {
    process.off('exit', remove)
    rmSync(path, { recursive: true, force: true })
  }
  process.on('exit', remove)
  return { path, remove }
}
