import { dirname, resolve } from 'node:path'
import type { FileUse } from '../haproxy/config/file-use.ts'
import { namedFiles } from '../haproxy/config/named-files.ts'
import { fileDigest, isDigest, isSameContent, withoutKeys } from '../model/file-digest.ts'
import { readCertificates } from './read-certificates.ts'
import { readContent } from './read-content.ts'
import type { Reading } from './read-content.ts'

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
 * Reads the files that a text names, and those that they name in turn: maps, patterns of ACLs and
 * certificates as they are, also those in folders and crt-lists; everything else, and other folders,
 * as a digest. What is not there is left out: HAProxy's own check names it. `folder`: where relative
 * paths begin, see `baseFolder`.
 */
export async function readNamedContents(text: string, folder: string): Promise<NamedContents> {
  const reading: Reading = { folder, contents: new Map(), changedMs: new Map() }
  const uses = usesByPath(text)
  const paths = (use: FileUse): string[] =>
    [...uses].filter(([, all]) => all.has(use)).map(([path]) => path)
  for (const [path, all] of uses) {
    if (all.size === 1 && all.has('certificate')) continue
    await readContent(reading, path, [...all].every((use) => wanted.has(use)) ? 'text' : 'digest')
  }
  await readCertificates(reading, text, {
    certificates: paths('certificate'),
    lists: paths('crt-list'),
  })
  return { contents: reading.contents, changedMs: reading.changedMs }
}

function usesByPath(text: string): Map<string, Set<FileUse>> {
  const uses = new Map<string, Set<FileUse>>()
  for (const { path, use } of namedFiles(text)) {
    const all = uses.get(path) ?? new Set()
    uses.set(path, all.add(use))
  }
  return uses
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

/**
 * The contents as they may be kept on disk: maps, ACLs and crt-lists as they are, everything else
 * only as digests: certificates, also those that only a folder or a crt-list names, have keys.
 */
export function keepable(text: string, contents: ReadonlyMap<string, string>): Map<string, string> {
  const uses = usesByPath(text)
  const isPlain = (path: string): boolean => {
    const all = [...(uses.get(path) ?? [])]
    return all.length > 0 && all.every((use) => plain.has(use))
  }
  const kept = [...contents].map(([path, content]) => {
    return [path, isPlain(path) ? content : fileDigest(content)] as const
  })
  return new Map(withoutKeys(new Map(kept)))
}

const plain: ReadonlySet<FileUse> = new Set(['map', 'map-ordered', 'acl', 'crt-list'])

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
