import { accessSync, constants, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    // Not there, or not for this user: the next folder may have it.
    return false
  }
}

/**
 * The file of a program: a name without a slash is looked for in the folders of a search path;
 * undefined if none of them has it. Other paths start in the working folder, and need not exist.
 */
export function programPath(
  name: string,
  searchPath: string,
  workingFolder: string,
): string | undefined {
  if (name.includes('/')) return resolve(workingFolder, name)
  // Go does not run what it finds in a folder that is not named from the root.
  const folders = searchPath.split(':').filter((folder) => folder.startsWith('/'))
  return folders.map((folder) => join(folder, name)).find(isProgram)
}
