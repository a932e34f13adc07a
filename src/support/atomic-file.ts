import { randomBytes } from 'node:crypto'
import { constants, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FairleadError, messageOf } from '../model/errors.ts'
import { writeText } from './write-text.ts'

/** A file in the state folder could not be written; the old one is whole. Code `state_unwritable`. */
export class StateWriteError extends FairleadError {}

/**
 * Replaces a file so that a reader, and a machine that loses power, sees the whole old content or
 * the whole new one: written beside it, flushed to disk, renamed, the folder flushed.
 * Throws StateWriteError (disk full, no rights); then the old file is untouched and nothing is left over.
 */
export async function writeFileAtomic(
  path: string,
  content: string,
  options: { mode?: number } = {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o600)
    try {
      await writeText(file, [content])
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw unwritable(path, error)
  }
}

/** Removes what writers of a file left beside it when they were killed; call it while there is none. */
export async function sweepTemporaries(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names) {
    const isLeft = name.startsWith(`${basename(path)}.`) && /\.\d+\.[0-9a-f]{8}\.tmp$/.test(name)
    if (isLeft) await rm(join(dirname(path), name), { force: true })
  }
}

/**
 * Adds to the end of a file that is there, and flushes it to disk. Throws StateWriteError; a part of
 * the text may be in the file then, as after a loss of power.
 */
export async function appendToFile(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_APPEND)
    try {
      await writeText(file, [text])
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unwritable(path, error)
  }
}

function unwritable(path: string, error: unknown): StateWriteError {
  return new StateWriteError('state_unwritable', `cannot write ${path}: ${messageOf(error)}`, {
    hint: 'check the free space and the owner of the state folder',
    cause: error,
  })
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
