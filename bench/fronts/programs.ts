import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Those of the programs that are not on PATH. */
export function missing(programs: readonly string[]): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const isThere = (name: string): boolean =>
    folders.some((folder) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile())
  return programs.filter((name) => !isThere(name))
}
