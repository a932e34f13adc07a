import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import * as v from 'valibot'
import type { Candidate } from '../../model/candidate.ts'
import { FairleadError, messageOf } from '../../model/errors.ts'
import { jsonOf, type Contents } from './merge.ts'

/**
 * The version this program writes. Version 1 is read too: its file stands alone, whereas what
 * changed after one of version 2 is in its journal.
 */
const formatVersion = 2
const readVersions: readonly number[] = [1, 2]

/** The snapshot file is torn, damaged or of another version. Code `snapshot_refused`. */
export class SnapshotError extends FairleadError {}

/**
 * What every source said, so that a restart knows the last good state before Docker has answered.
 * One line of header with version and SHA-256 of the body, then the body as JSON.
 */
export function encodeSnapshot(contents: Contents, bootId = ownBootId): string {
  const sources = [...contents].map(
    ([source, candidates]) =>
      `{"source":${JSON.stringify(source)},"candidates":[${[...candidates.values()].map(jsonOf).join(',')}]}`,
  )
  const body = `{"bootId":${JSON.stringify(bootId)},"sources":[${sources.join(',')}]}`
  return `fairlead-snapshot ${formatVersion} ${sha256(body)}\n${body}\n`
}

/** The SHA-256 that a snapshot's header holds; its journal names the snapshot by it. */
export function checksumOf(snapshot: string): string {
  return snapshot.slice(0, snapshot.indexOf('\n')).split(' ')[2] ?? ''
}

/** What a snapshot file says. */
export type Stored = {
  readonly contents: Contents
  readonly checksum: string
  /** It was written before the machine was started: no container of this machine goes on from then. */
  readonly isFromBeforeBoot: boolean
}

/**
 * The contents of a snapshot file; undefined when there is none. A file that cannot be trusted is
 * renamed to `<path>.refused`, so that it can be looked at and is not met again, and SnapshotError
 * says why.
 */
export async function readSnapshotFile(path: string): Promise<Stored | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SnapshotError('snapshot_refused', `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  try {
    return decodeSnapshot(text)
  } catch (error) {
    const aside = await setAside(path)
    throw new SnapshotError(
      'snapshot_refused',
      `the snapshot ${path} was refused: ${messageOf(error)}`,
      {
        hint: `it was kept as ${aside}; fairlead goes on with what Docker says`,
        cause: error,
      },
    )
  }
}

/** Renames a file that cannot be trusted, so that it can be looked at; gives its new path. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.refused`
  await rename(path, aside)
  return aside
}

/** Throws an Error that says what is wrong; never returns half of a snapshot. */
export function decodeSnapshot(text: string): Stored {
  const [header = '', body = '', rest] = text.split('\n')
  const [magic, version, checksum] = header.split(' ')
  if (magic !== 'fairlead-snapshot') throw new Error('it is not a snapshot file')
  if (Number(version) > formatVersion) {
    throw new Error(`it is of version ${version}, this fairlead reads version ${formatVersion}`)
  }
  if (!readVersions.includes(Number(version)))
    throw new Error(`its version ${version} is not known`)
  if (rest !== '' || sha256(body) !== checksum)
    throw new Error('it is torn: its checksum does not fit')
  const parsed = JSON.parse(body) as {
    bootId?: string
    sources: readonly { source: string; candidates: readonly Candidate[] }[]
  }
  v.parse(snapshotSchema, parsed)
  const { bootId = '', sources } = parsed
  return {
    contents: new Map(
      sources.map(({ source, candidates }) => [
        source,
        new Map(candidates.map((each) => [each.key, each])),
      ]),
    ),
    checksum,
    isFromBeforeBoot: bootId !== '' && ownBootId !== '' && bootId !== ownBootId,
  }
}

/** Names one run of the kernel (proc(5), /proc/sys/kernel/random/boot_id); empty where there is none. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    // Not Linux: then it is not known that a snapshot is from before.
    return ''
  }
}

const ownBootId = readBootId()

/**
 * The checksum already says that this program wrote the body; the shape is checked once more as
 * far as an older defect could have broken it.
 */
export const candidateSchema = v.looseObject({
  key: v.string(),
  endpoints: v.array(v.looseObject({ id: v.string() })),
})

const snapshotSchema = v.object({
  bootId: v.optional(v.string()),
  sources: v.array(
    v.object({
      source: v.string(),
      candidates: v.array(candidateSchema),
    }),
  ),
})

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
