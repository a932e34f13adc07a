import { crtListEntries } from '../haproxy/config/crt-list.ts'
import { behindBase } from '../haproxy/config/named-certificates.ts'
import { baseFolders } from '../haproxy/config/named-files.ts'
import { companions, ownerOf } from '../haproxy/diff/loaded-certificates.ts'
import { namesIn, readContent } from './read-content.ts'
import type { Reading } from './read-content.ts'

/** Paths as a text names them. */
export type NamedCertificates = {
  /** Files, or folders of them. */
  readonly certificates: readonly string[]
  /** They have been read. */
  readonly lists: readonly string[]
}

/**
 * Reads the certificates that HAProxy loads for a text, each by the name it has there: those that are
 * named, those in folders and in crt-lists, and the files beside them (configuration.txt §3.1,
 * `ssl-load-extra-files`). A folder is a list of what is in it; one that was taken up as a whole, since
 * it is named as something else, too, stays so.
 */
export async function readCertificates(
  reading: Reading,
  text: string,
  { certificates, lists }: NamedCertificates,
): Promise<void> {
  const extras = extrasOf(text)
  const single = new Set<string>()
  for (const path of certificates) {
    const names = await namesIn(reading, path)
    if (names === undefined) single.add(path)
    else if (!reading.contents.has(path)) await readFolder(reading, path, names, extras)
  }
  const bases = baseFolders(text)
  for (const path of lists) {
    for (const entry of crtListEntries(reading.contents.get(path) ?? '') ?? []) {
      single.add(behindBase(entry.certificate, bases.get('crt-base')))
      for (const file of namedBy(entry.options))
        await readContent(reading, behindBase(file, bases.get('ca-base')), 'digest')
    }
  }
  for (const path of single) await readCertificate(reading, path, extras)
}

/** As HAProxy takes a folder: all files but hidden ones and those that belong to another. */
async function readFolder(
  reading: Reading,
  path: string,
  names: readonly string[],
  extras: Extras,
): Promise<void> {
  const folder = path.replace(/(?<=.)\/+$/, '')
  const all = new Set(names.map((name) => `${folder}/${name}`))
  for (const name of names) {
    const file = `${folder}/${name}`
    if (name.startsWith('.') || ownerOf(name) !== undefined) continue
    if ((await namesIn(reading, file)) !== undefined) continue
    if (!(await readContent(reading, file, 'text'))) continue
    for (const beside of besideOf(file, extras))
      if (all.has(beside)) await readContent(reading, beside, formOf(beside))
  }
}

async function readCertificate(reading: Reading, path: string, extras: Extras): Promise<void> {
  if (await readContent(reading, path, 'text')) {
    for (const beside of besideOf(path, extras)) await readContent(reading, beside, formOf(beside))
    return
  }
  if (!extras.kinds.has('bundle')) return
  // One name for a certificate of each kind of key, which HAProxy loads as several.
  for (const kind of ['rsa', 'dsa', 'ecdsa'])
    await readContent(reading, `${path}.${kind}`, 'digest')
}

/** Which files beside a certificate HAProxy loads along with it. */
type Extras = {
  readonly kinds: ReadonlySet<string>
  /** `a.key` belongs to `a.crt`, instead of `a.crt.key` (`ssl-load-extra-del-ext`). */
  readonly isInPlace: boolean
}

function extrasOf(text: string): Extras {
  const said = [...text.matchAll(/^[ \t]*ssl-load-extra-files((?:[ \t]+[a-z]+)+)/gm)].at(-1)?.[1]
  const words = said?.trim().split(/[ \t]+/) ?? ['all']
  return {
    kinds: new Set(words.includes('all') ? ['bundle', ...companions] : words),
    isInPlace: /^[ \t]*ssl-load-extra-del-ext\b/m.test(text),
  }
}

function besideOf(path: string, { kinds, isInPlace }: Extras): string[] {
  const stem = isInPlace && path.endsWith('.crt') ? path.slice(0, -'.crt'.length) : path
  return companions.filter((kind) => kinds.has(kind)).map((kind) => `${stem}.${kind}`)
}

/** Stapled answers and timestamps are binary. */
function formOf(path: string): 'text' | 'digest' {
  return /\.(?:ocsp|sctl)$/.test(path) ? 'digest' : 'text'
}

/** Files that the options of a crt-list's entry name; they are read when HAProxy is loaded. */
function namedBy(options: string): string[] {
  const words = options.split(' ')
  return words.flatMap((word, index) => {
    const file = words[index + 1] ?? ''
    const isNaming = /^(?:ca-file|ca-verify-file|crl-file)$/.test(word)
    return isNaming && file !== '' && !file.startsWith('@') ? [file] : []
  })
}
