import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { configFileNames, joinFiles } from '../haproxy/config/join-files.ts'
import type { ConfigFile } from '../haproxy/config/join-files.ts'
import { messageOf } from '../model/errors.ts'
import { HandwrittenError } from './errors.ts'

/** One `.cfg` file; its path is absolute. */
export type ConfigPart = ConfigFile

/** A configuration as people keep it: a file, or a folder of them that HAProxy reads one after another. */
export type ConfigSource = {
  /** Absolute; of the file or the folder. */
  readonly path: string
  readonly isFolder: boolean
  /** In the order in which HAProxy reads them; one for a file. */
  readonly parts: readonly ConfigPart[]
  /** All of them, each ending in a line feed. */
  readonly text: string
}

/**
 * Reads a file, or the files of a folder that HAProxy itself would read, in its order.
 * Throws HandwrittenError `usage` for what cannot be read.
 */
export async function readConfigSource(path: string): Promise<ConfigSource> {
  try {
    const isFolder = (await stat(path)).isDirectory()
    const paths = isFolder ? await partsOf(path) : [path]
    if (paths.length === 0) throw new HandwrittenError('usage', `${path} has no file *.cfg`)
    const parts = await Promise.all(
      paths.map(async (each) => ({ path: each, text: await readFile(each, 'utf8') })),
    )
    return sourceOf(path, isFolder, parts)
  } catch (error) {
    if (error instanceof HandwrittenError) throw error
    throw new HandwrittenError('usage', `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

export function sourceOf(
  path: string,
  isFolder: boolean,
  parts: readonly ConfigPart[],
): ConfigSource {
  return { path, isFolder, parts, text: joinFiles(parts).text }
}

/** Symbolic links followed; the path itself where nothing is there. */
export function realPathOf(path: string): Promise<string> {
  return realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return path
    throw error
  })
}

/**
 * Which file each part is written to: those of a folder may be symbolic links to files kept
 * elsewhere, and stay links.
 */
export async function writtenPaths(
  parts: readonly ConfigPart[],
): Promise<ReadonlyMap<string, string>> {
  return new Map(
    await Promise.all(parts.map(async ({ path }) => [path, await realPathOf(path)] as const)),
  )
}

/** The file names of a folder's parts, in HAProxy's order. */
async function partsOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  return configFileNames(files.map(({ name }) => name)).map((name) => join(folder, name))
}

/** Which file a line of the whole text is in, and where; lines count from 1. */
export function placeOf(source: ConfigSource, line: number): { file: string; line: number } {
  const place = joinFiles(source.parts).locate(line)
  return place === undefined ? { file: source.path, line } : { file: place.path, line: place.line }
}

/** Where the parts of `source` stand in a live file or folder: the same texts under other paths. */
export function movedTo(source: ConfigSource, livePath: string): ConfigSource {
  const parts = source.parts.map(({ path, text }) => ({
    path: source.isFolder ? join(livePath, basename(path)) : livePath,
    text,
  }))
  return { ...source, path: livePath, parts }
}
