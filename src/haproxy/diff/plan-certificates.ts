import { basename } from 'node:path'
import type { DesiredState } from '../../model/desired-state.ts'
import { isDigest, isSameContent } from '../../model/file-digest.ts'
import type { CrtListEntry } from '../config/crt-list.ts'
import { escapeWord, unsendable, withPayload } from '../runtime/words.ts'
import { namesOf } from './certificate-names.ts'
import { companions, loadedCertificates, ownerOf } from './loaded-certificates.ts'
import type { LoadedCertificates } from './loaded-certificates.ts'
import { planCrtList } from './plan-crt-list.ts'
import type { RunningState } from './plan.ts'
import type { Step } from './steps.ts'

/** What was found, and which of the files it was about. */
export type CertificateFindings = {
  readonly steps: Step[]
  /** Path → why only a reload can bring it. */
  readonly reasons: Map<string, string>
  /** Files that were looked at; all others are none of certificates. */
  readonly known: ReadonlySet<string>
}

type Context = {
  readonly before: LoadedCertificates
  readonly after: LoadedCertificates
  readonly files: ReadonlyMap<string, string>
}

/**
 * What must be done about the differing files of certificates, crt-lists, and the folders that
 * HAProxy loads as lists. `paths`: files that are new, gone, or have another content.
 */
export function planCertificates(
  base: RunningState & { readonly config: string },
  desired: DesiredState,
  paths: ReadonlySet<string>,
): CertificateFindings {
  const steps: Step[] = []
  const reasons = new Map<string, string>()
  const known = new Set<string>()
  const before = loadedCertificates(base, base.files)
  const after = loadedCertificates(desired, desired.files)
  if (before === undefined || after === undefined) return { steps, reasons, known }
  const context = { before, after, files: desired.files }
  const changed = new Set<string>()
  for (const path of paths) {
    const owner = ownerOf(path)
    const isCompanion = owner !== undefined && after.certificates.has(owner)
    const certificate = isCompanion ? owner : path
    if (!isCompanion && !isOfCertificates(context, path)) continue
    known.add(path)
    if (after.certificates.has(certificate)) changed.add(certificate)
  }
  for (const path of after.certificates) {
    if (!before.certificates.has(path)) changed.add(path)
  }
  for (const path of changed) {
    const found = planCertificate(context, path)
    if (typeof found === 'string') reasons.set(path, found)
    else steps.push(found)
  }
  for (const [path, entries] of after.lists) {
    const isUnknown = isDigest(base.files.get(path) ?? '')
    const found = isUnknown
      ? 'the content that was loaded is not known'
      : planCrtList(path, before.lists.get(path) ?? entries, entries)
    if (typeof found === 'string') reasons.set(path, found)
    else steps.push(...found)
  }
  for (const path of before.certificates)
    if (!after.certificates.has(path)) steps.push(removal(path))
  return { steps, reasons, known }
}

function isOfCertificates({ before, after }: Context, path: string): boolean {
  return [before, after].some(
    ({ certificates, lists }) => certificates.has(path) || lists.has(path),
  )
}

/** Puts a certificate in the place of the one loaded by that name, or beside the others as a new one. */
function planCertificate(context: Context, path: string): Step | string {
  const { before, files } = context
  const parts = [path, ...companions.map((extension) => `${path}.${extension}`)]
  const present = parts.filter((part) => files.has(part))
  const contents = present.map((part) => files.get(part) ?? '')
  if (present.some((part) => /\.(?:ocsp|sctl)$/.test(part) && part !== path)) {
    return 'has a stapled answer or timestamps beside it, which are binary'
  }
  if (present[0] !== path || contents.some(isDigest)) return 'is named by a list, but not at hand'
  const other = sharingNames(context, path)
  if (other !== undefined) return other
  const isNew = !before.certificates.has(path)
  const file = escapeWord(path)
  const commands = [
    ...(isNew ? [`new ssl cert ${file}`] : []),
    ...present.map((part, index) => {
      return withPayload(`set ssl cert ${escapeWord(part)}`, contents[index] ?? '')
    }),
    `commit ssl cert ${file}`,
  ]
  if (commands.some((command) => unsendable(command) !== undefined)) {
    return 'cannot be sent as a command'
  }
  const summary = `certificate ${basename(path)}: ${isNew ? 'new' : 'replaced'}`
  return { stage: 'certificate', change: { kind: 'certificate', summary, commands } }
}

/**
 * Why the order of certificates would decide: a name that another has, too. Undefined when none has;
 * a certificate that is replaced goes behind the others, and at the next load back to its place.
 */
function sharingNames({ after, files }: Context, path: string): string | undefined {
  const names = namesOf(files.get(path) ?? '', entriesFor(after, path))
  if (names === undefined) return 'is not a certificate that can be read'
  for (const other of after.certificates) {
    if (other === path) continue
    const theirs = namesOf(files.get(other) ?? '', entriesFor(after, other)) ?? []
    for (const name of theirs) {
      if (!names.has(name)) continue
      return `shares the name ${name.slice(name.indexOf(' ') + 1)} with ${basename(other)}, and the first of them counts`
    }
  }
  return undefined
}

function entriesFor({ lists }: LoadedCertificates, path: string): CrtListEntry[] {
  return [...lists.values()].flat().filter(({ certificate }) => certificate === path)
}

function removal(path: string): Step {
  return {
    stage: 'certificate-remove',
    change: {
      kind: 'certificate',
      summary: `certificate ${basename(path)}: removed`,
      commands: [`del ssl cert ${escapeWord(path)}`],
    },
  }
}

/** What checks the certificates of others: authorities, or those they have revoked. */
export function planAuthorities(path: string, content: string, use: 'ca' | 'crl'): Step | string {
  if (isDigest(content)) return 'is not at hand'
  const [file, noun] = [escapeWord(path), `${use}-file`]
  const commands = [withPayload(`set ssl ${noun} ${file}`, content), `commit ssl ${noun} ${file}`]
  if (commands.some((command) => unsendable(command) !== undefined)) {
    return 'cannot be sent as a command'
  }
  const summary = `${noun} ${basename(path)}: replaced`
  return { stage: 'certificate', change: { kind: 'certificate', summary, commands } }
}

/** Whether a file is the same in both, so far as that can be told. */
export function isSameFile(
  before: ReadonlyMap<string, string>,
  path: string,
  content: string,
): boolean {
  const old = before.get(path)
  return old !== undefined && isSameContent(old, content)
}
