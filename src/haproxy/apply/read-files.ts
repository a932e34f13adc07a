import { isDigest, unknownContent } from '../../model/file-digest.ts'
import type { HaproxyControl } from '../control.ts'
import { readPatternFile } from '../diff/map-file.ts'
import { parseAcl, showAclCommand } from '../runtime/acls.ts'
import {
  fingerprintsOf,
  parseFingerprints,
  parseCertificatePaths,
  showCertificateCommand,
} from '../runtime/certificates.ts'
import {
  parseMap,
  parseMapFile,
  parseMapPaths,
  printMapFile,
  showMapCommand,
} from '../runtime/maps.ts'

type Control = Pick<HaproxyControl, 'execute'>

/**
 * The files that HAProxy runs: maps and ACLs as it tells them itself, others as they are on disk,
 * where that is what it runs. A certificate of which it has another is there with unknown content.
 * `onDisk`: the contents that it was loaded with, so far as that is known. `written`: files that
 * requests change; what they have changed is left alone.
 */
export async function readLoadedFiles(
  control: Control,
  onDisk: ReadonlyMap<string, string>,
  written: ReadonlySet<string> = new Set(),
): Promise<Map<string, string>> {
  const files = new Map(onDisk)
  const [maps = '', acls = '', certificates = ''] = await control.execute([
    'show map',
    'show acl',
    'show ssl cert',
  ])
  // Of a file that is known as a digest nothing can be compared.
  const isRead = (path: string): boolean => {
    const known = files.get(path) ?? ''
    return !written.has(path) && (!isDigest(known) || known === unknownContent)
  }
  await readEach(control, parseMapPaths(maps).filter(isRead), showMapCommand, (path, reply) => {
    const entries = parseMap(reply)
    if (entries === undefined) return
    // Where the entries are the same the file's own form (comments, order) is kept.
    const [content, known] = [printMapFile(entries), files.get(path)]
    if (known === undefined || printMapFile(parseMapFile(known)) !== content)
      files.set(path, content)
  })
  await readEach(control, parseMapPaths(acls).filter(isRead), showAclCommand, (path, reply) => {
    const patterns = parseAcl(reply)
    const known = readPatternFile(files.get(path) ?? '\0')
    if (patterns === undefined || (known !== undefined && isSameSet(known, patterns))) return
    files.set(path, patterns.map((pattern) => `${pattern}\n`).join(''))
  })
  const checked = parseCertificatePaths(certificates).filter((path) => files.has(path))
  await readEach(control, checked, showCertificateCommand, (path, reply) => {
    const [is, known] = [parseFingerprints(reply)?.[0], fingerprintsOf(files.get(path) ?? '')?.[0]]
    if (is !== known) files.set(path, unknownContent)
  })
  return files
}

async function readEach(
  control: Control,
  paths: readonly string[],
  question: (path: string) => string,
  take: (path: string, reply: string) => void,
): Promise<void> {
  const replies = paths.length === 0 ? [] : await control.execute(paths.map(question))
  for (const [index, path] of paths.entries()) take(path, replies[index] ?? '')
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const [left, right] = [new Set(one), new Set(other)]
  return left.size === right.size && [...left].every((each) => right.has(each))
}
