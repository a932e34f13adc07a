import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { FileUse } from '../haproxy/config/file-use.ts'
import { namedFiles } from '../haproxy/config/named-files.ts'
import { fileDigest, isDigest, isSameContent } from '../model/file-digest.ts'

/** The files that a text names, as they are on disk now. */
export type NamedContents = {
  /** As the text names them → content, or its digest where only that counts. */
  readonly contents: ReadonlyMap<string, string>
  /** The same → when file or folder last changed in any way, in Unix ms. */
  readonly changedMs: ReadonlyMap<string, number>
}

/** None. */
export const noContents: NamedContents = { contents: new Map(), changedMs: new Map() }

/**
 * Reads the files that a text names: maps, patterns of ACLs and certificates as they are, everything
 * else, and folders, as a digest. What is not there is left out: HAProxy's own check names it.
 * `folder`: where relative paths begin, see `baseFolder`.
 */
export async function readNamedContents(text: string, folder: string): Promise<NamedContents> {
  const contents = new Map<string, string>()
  const changedMs = new Map<string, number>()
  const uses = new Map<string, FileUse>()
  for (const { path, use } of namedFiles(text)) uses.set(path, use)
  for (const [path, use] of uses) {
    const read = await contentOf(resolve(folder, path), use)
    if (read === undefined) continue
    contents.set(path, read.content)
    changedMs.set(path, read.changedMs)
  }
  return { contents, changedMs }
}

/**
 * Where relative paths of a text begin: `folder`, in which HAProxy works, unless the text says else
 * (configuration.txt §3.1, `default-path`).
 */
export function baseFolder(text: string, folder: string, configPath: string): string {
  const words = /^[ \t]*default-path[ \t]+(\S+)(?:[ \t]+(\S+))?/m.exec(text)
  const [, kind = 'current', path = ''] = words ?? []
  if (kind === 'config') return dirname(configPath)
  if (kind === 'parent') return dirname(dirname(configPath))
  return kind === 'origin' ? resolve(folder, path) : folder
}

const wanted: ReadonlySet<FileUse> = new Set([
  'map',
  'map-ordered',
  'acl',
  'certificate',
  'crt-list',
  'ca',
  'crl',
])

type Read = { readonly content: string; readonly changedMs: number }

async function contentOf(path: string, use: FileUse): Promise<Read | undefined> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return await contentOfFolder(path, found.ctimeMs)
    if (!found.isFile()) return undefined
    const bytes = await readFile(path)
    const content = wanted.has(use) ? bytes.toString('utf8') : fileDigest(bytes.toString('latin1'))
    return { content, changedMs: found.ctimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
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
  return { content: fileDigest(list), changedMs }
}

/**
 * The contents as they may be kept on disk: maps, ACLs and crt-lists as they are, certificates with
 * their keys only as digests.
 */
export function keepable(text: string, contents: ReadonlyMap<string, string>): Map<string, string> {
  const secret = new Set(
    namedFiles(text)
      .filter(({ use }) => use === 'certificate' || use === 'ca' || use === 'crl')
      .map(({ path }) => path),
  )
  return new Map(
    [...contents].map(([path, content]) => [
      path,
      secret.has(path) && !isDigest(content) ? fileDigest(content) : content,
    ]),
  )
}

/**
 * What was loaded, made comparable with what is wanted: a digest of just the wanted content becomes
 * that content. Of a wanted digest against a content that was read from disk there is nothing to tell.
 */
export function comparable(
  loaded: ReadonlyMap<string, string>,
  desired: ReadonlyMap<string, string>,
): Map<string, string> {
  return new Map(
    [...loaded].map(([path, content]) => {
      const want = desired.get(path)
      if (want === undefined || want === content) return [path, content]
      if (isDigest(want) && !isDigest(content)) return [path, want]
      return [path, isSameContent(content, want) ? want : content]
    }),
  )
}
