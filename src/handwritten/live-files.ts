import { readFile, rm } from 'node:fs/promises'
import { StagedFiles } from '../haproxy/apply/staged-files.ts'
import { realPathOf } from './config-source.ts'
import type { ConfigPart } from './config-source.ts'

/** Undefined where there is no such file. */
export async function textAt(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** Replaces a file as a whole; the new one has the old one's owner and rights. Throws StateWriteError. */
export async function replaceText(path: string, text: string): Promise<void> {
  const staged = await StagedFiles.write([[path, text]])
  await staged.replace()
}

/** The same for a part of a configuration: of a symbolic link the file it leads to. */
async function replacePart(path: string, text: string): Promise<void> {
  await replaceText(await realPathOf(path), text)
}

/**
 * Ends what an apply that was interrupted left half done on disk: files that have one of the two
 * texts get the wanted one. A file that somebody else changed since is left alone.
 */
export async function settleFiles(
  wanted: readonly ConfigPart[],
  other: readonly ConfigPart[],
): Promise<void> {
  const want = new Map(wanted.map(({ path, text }) => [path, text]))
  const has = new Map(other.map(({ path, text }) => [path, text]))
  for (const path of new Set([...want.keys(), ...has.keys()])) {
    const text = want.get(path)
    const current = await textAt(path)
    if (current === text || current !== has.get(path)) continue
    if (text === undefined) await rm(path, { force: true })
    else await replacePart(path, text)
  }
}

/** What became of files that HAProxy could not run with. */
export type PutBack = {
  /** They have their earlier content again. */
  readonly restored: readonly string[]
  /** Copies of what was in them: each beside its file. */
  readonly rejected: readonly string[]
}

/**
 * Puts earlier contents back, and keeps what is there now beside each as `<path>.rejected`, which
 * HAProxy does not load. Files that were not there before are moved aside.
 */
export async function putBack(
  previous: readonly ConfigPart[],
  current: readonly ConfigPart[],
): Promise<PutBack> {
  const restored: string[] = []
  const rejected: string[] = []
  const before = new Map(previous.map(({ path, text }) => [path, text]))
  for (const path of new Set([...before.keys(), ...current.map((part) => part.path)])) {
    const text = before.get(path)
    const now = await textAt(path)
    if (now === text) continue
    if (now !== undefined) {
      await replaceText(`${path}.rejected`, now)
      rejected.push(`${path}.rejected`)
    }
    if (text === undefined) await rm(path, { force: true })
    else await replacePart(path, text)
    restored.push(path)
  }
  return { restored, rejected }
}
