import { basename, dirname } from 'node:path'
import type { ConfigText } from '../../model/desired-state.ts'
import { isDigest } from '../../model/file-digest.ts'
import { crtListEntries } from '../config/crt-list.ts'
import type { CrtListEntry } from '../config/crt-list.ts'
import { behindBase } from '../config/named-certificates.ts'
import { baseFolders, namedFiles } from '../config/named-files.ts'

/** What HAProxy holds of certificates when it runs a text with these files. */
export type LoadedCertificates = {
  /** By the path of the file, which is their name in HAProxy. */
  readonly certificates: ReadonlySet<string>
  /** crt-lists, and folders, which are lists to HAProxy: path → entries in order, with whole paths. */
  readonly lists: ReadonlyMap<string, readonly CrtListEntry[]>
}

/** Undefined when a crt-list cannot be read here. Throws ConfigSyntaxError. */
export function loadedCertificates(
  { config }: ConfigText,
  files: ReadonlyMap<string, string>,
): LoadedCertificates | undefined {
  const base = baseFolders(config).get('crt-base')
  const certificates = new Set<string>()
  const lists = new Map<string, readonly CrtListEntry[]>()
  for (const { path, use } of namedFiles(config)) {
    if (use === 'certificate' && files.has(path)) certificates.add(path)
    else if (use === 'certificate') {
      const folder = path.replace(/(?<=.)\/+$/, '')
      lists.set(folder, entriesOfFolder(folder, files))
    } else if (use === 'crt-list' && files.has(path)) {
      const content = files.get(path) ?? ''
      const entries = isDigest(content) ? [] : crtListEntries(content)
      if (entries === undefined) return undefined
      const behind = (entry: CrtListEntry): CrtListEntry => {
        return { ...entry, certificate: behindBase(entry.certificate, base) }
      }
      lists.set(path, entries.map(behind))
    }
  }
  for (const entries of lists.values())
    for (const { certificate } of entries) certificates.add(certificate)
  return { certificates, lists }
}

/** In the order in which HAProxy loads them: by name, without hidden files and companions. */
function entriesOfFolder(folder: string, files: ReadonlyMap<string, string>): CrtListEntry[] {
  const paths = [...files.keys()].filter((path) => {
    return (
      dirname(path) === folder && !basename(path).startsWith('.') && ownerOf(path) === undefined
    )
  })
  return paths
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((certificate) => ({ certificate, options: '', filters: [] }))
}

/** Files beside a certificate that belong to it (configuration.txt §3.1, `ssl-load-extra-files`). */
export const companions = ['key', 'issuer', 'ocsp', 'sctl'] as const

/** The certificate that a file beside it belongs to; undefined when it is none of those. */
export function ownerOf(path: string): string | undefined {
  const extension = companions.find((each) => path.endsWith(`.${each}`))
  return extension === undefined ? undefined : path.slice(0, -extension.length - 1)
}
