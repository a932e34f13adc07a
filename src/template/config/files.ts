import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import { ConfigMistake } from './mistake.ts'
import type { Source } from './syntax.ts'

/** Where configurations are read from. */
export type ConfigFiles = {
  /** The text of a file. Throws what the disk says. */
  readFile(path: string): string
  /** All files at a path, in the order in which they are read: itself, or those of a folder. */
  listFiles(path: string): readonly string[]
}

/** Larger files are no configuration. */
const mostBytes = 16 * 1024 * 1024

/** Files on the disk; relative paths start in the working folder. */
export function diskFiles(workingFolder: string): ConfigFiles {
  return {
    readFile: (path) => {
      const absolute = resolve(workingFolder, path)
      const { size } = statSync(absolute)
      if (size > mostBytes) throw new Error(`${path} has more than 16 MiB`)
      return readFileSync(absolute, 'utf8')
    },
    listFiles: (path) => {
      const kind = statSync(resolve(workingFolder, path))
      if (kind.isDirectory()) return walk(workingFolder, path)
      if (kind.isFile()) return [path]
      throw new Error(`unknown filetype: ${path} is neither a file nor a folder`)
    },
  }
}

/**
 * Everything below a folder by name, folders in their place. Links to files count, links to
 * folders are not followed.
 */
function walk(workingFolder: string, folder: string): readonly string[] {
  const names = readdirSync(resolve(workingFolder, folder))
  return names.toSorted(compareNames).flatMap((name) => {
    const path = join(folder, name)
    const absolute = resolve(workingFolder, path)
    const kind = lstatSync(absolute)
    if (kind.isDirectory()) return walk(workingFolder, path)
    const isLinkToFolder = kind.isSymbolicLink() && statSync(absolute).isDirectory()
    return isLinkToFolder ? [] : [path]
  })
}

/** Bytewise, as Go sorts; not by the language of the machine. */
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** The texts at a path. Throws a ConfigMistake. */
export function readSources(path: string, files: ConfigFiles): readonly Source[] {
  return list(path, files).map((name) => {
    try {
      return { name, text: files.readFile(name) }
    } catch (error) {
      throw new ConfigMistake(`from file: ${name}: ${reason(error)}`)
    }
  })
}

function list(path: string, files: ConfigFiles): readonly string[] {
  try {
    return files.listFiles(path)
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new ConfigMistake(
      isMissing
        ? `missing file/folder: ${path}: no such file or directory`
        : `failed stating file: ${path}: ${reason(error)}`,
    )
  }
}

/** Without the name of the call, which says nothing to the reader. */
function reason(error: unknown): string {
  return messageOf(error).replace(/^[A-Z]+: ([^,]+), \w+ .*$/, '$1')
}
