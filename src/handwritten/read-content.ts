import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileDigest } from '../model/file-digest.ts'

/** Contents that are being read, each by the path it is named by. */
export type Reading = {
  /** Where relative paths begin. */
  readonly folder: string
  readonly contents: Map<string, string>
  readonly changedMs: Map<string, number>
}

/**
 * Takes up a file as its text, or as a digest where only that counts; a folder is always a digest, of
 * all that is in it. What is there as a text stays one. False for what is no file.
 */
export async function readContent(
  { folder, contents, changedMs }: Reading,
  path: string,
  form: 'text' | 'digest',
): Promise<boolean> {
  const known = contents.get(path)
  if (known !== undefined && form === 'digest') return true
  const read = await orMissing(contentOf(resolve(folder, path), form))
  if (read === undefined) return false
  contents.set(path, read.content)
  changedMs.set(path, read.changedMs)
  return read.isFile
}

/** The names of what is in a folder, sorted; undefined for what is none. */
export async function namesIn(
  { folder }: Pick<Reading, 'folder'>,
  path: string,
): Promise<readonly string[] | undefined> {
  const whole = resolve(folder, path)
  const found = await orMissing(stat(whole))
  return found?.isDirectory() === true ? (await readdir(whole)).toSorted() : undefined
}

type Read = { readonly content: string; readonly changedMs: number; readonly isFile: boolean }

async function contentOf(path: string, form: 'text' | 'digest'): Promise<Read | undefined> {
  const found = await stat(path)
  if (found.isDirectory()) return contentOfFolder(path, found.ctimeMs)
  if (!found.isFile()) return undefined
  const bytes = await readFile(path)
  const content = form === 'text' ? bytes.toString('utf8') : fileDigest(bytes.toString('latin1'))
  return { content, changedMs: found.ctimeMs, isFile: true }
}

async function contentOfFolder(path: string, ctimeMs: number): Promise<Read> {
  let list = ''
  let changedMs = ctimeMs
  for (const name of (await readdir(path)).toSorted()) {
    const file = join(path, name)
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile() !== true) continue
    changedMs = Math.max(changedMs, found.ctimeMs)
    list += `${name}\0${fileDigest(await readFile(file, 'latin1'))}\n`
  }
  return { content: fileDigest(list), changedMs, isFile: false }
}

/** Undefined for what is not there; it may have gone while it was looked for. */
async function orMissing<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
