import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import { StateWriteError } from '../../support/atomic-file.ts'
import { writeText } from '../../support/write-text.ts'

/** A text, or its parts in their order. */
export type FileText = string | readonly string[]

/** Where the content of a file before its last change is kept. */
export type KeptFile = {
  readonly path: string
  /** A link to the old content, once the new one is in place. */
  readonly previous: string
  /** There was no file before. */
  readonly isNew: boolean
}

/**
 * New contents of several files, written and flushed beside them, waiting to be renamed into place.
 * Until `commit` no file has changed. `rollback` after it brings the old ones back, without needing
 * space on the disk. Each instance ends with `discard`, `rollback`, `replace` or `release`.
 */
export class StagedFiles {
  readonly #files: {
    path: string
    temporary: string
    previous: string
    isNew: boolean
    state: 'staged' | 'new' | 'replaced'
  }[] = []

  /**
   * Writes the contents beside their files. Throws StateWriteError (disk full, no rights); then
   * nothing is left over.
   */
  static async write(
    contents: Iterable<readonly [path: string, content: FileText]>,
  ): Promise<StagedFiles> {
    const staged = new StagedFiles()
    try {
      for (const [path, content] of contents) await staged.#add(path, content)
    } catch (error) {
      await staged.discard()
      throw unwritable(error)
    }
    return staged
  }

  /** Where the new content of a file waits: for a look at it by its future reader. */
  temporaryOf(path: string): string {
    return (
      this.#files.find((file) => file.path === path && file.state === 'staged')?.temporary ?? path
    )
  }

  /** The files, and where their old contents are from `commit` on. */
  get kept(): readonly KeptFile[] {
    return this.#files.map(({ path, previous, isNew }) => ({ path, previous, isNew }))
  }

  /** Renames the files into place (all, or all but one). Throws StateWriteError; then all old ones are back. */
  async commit(options: { except?: string } = {}): Promise<void> {
    const files = this.#files.filter(
      (file) => file.state === 'staged' && file.path !== options.except,
    )
    try {
      for (const file of files) {
        const isReplaced = await link(file.path, file.previous).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'ENOENT') return false
            throw error
          },
        )
        await rename(file.temporary, file.path)
        file.state = isReplaced ? 'replaced' : 'new'
      }
      for (const folder of new Set(files.map((file) => dirname(file.path))))
        await syncFolder(folder)
    } catch (error) {
      await this.rollback()
      throw unwritable(error)
    }
  }

  /**
   * Renames all files into place for good: quicker than `commit`, for what HAProxy already runs.
   * Throws StateWriteError; then some files may be new and some old, each of them whole.
   */
  async replace(): Promise<void> {
    try {
      for (const { temporary, path } of this.#files) await rename(temporary, path)
      const folders = new Set(this.#files.map((file) => dirname(file.path)))
      for (const folder of folders) await syncFolder(folder)
      this.#files.length = 0
    } catch (error) {
      await this.discard()
      throw unwritable(error)
    }
  }

  /**
   * Undoes `commit`: a crash must not find what was rejected. The last one first: that is the text
   * that names the others, and whoever reads it meanwhile must find them.
   */
  async rollback(): Promise<void> {
    for (const file of this.#files.toReversed()) {
      if (file.state === 'replaced') await rename(file.previous, file.path)
      if (file.state === 'new') await rm(file.path, { force: true })
    }
    await this.discard()
  }

  /** Removes what is beside the files; the files stay as they are. */
  async discard(): Promise<void> {
    for (const file of this.#files.splice(0)) {
      await rm(file.temporary, { force: true })
      await rm(file.previous, { force: true })
    }
  }

  /** As `discard`, but leaves these old contents to whoever keeps them. */
  async release(kept: ReadonlySet<string>): Promise<void> {
    for (const file of this.#files.splice(0)) {
      await rm(file.temporary, { force: true })
      if (!kept.has(file.previous)) await rm(file.previous, { force: true })
    }
  }

  async #add(path: string, content: FileText): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const suffix = `${process.pid}.${randomBytes(4).toString('hex')}`
    const file = {
      path,
      temporary: `${path}.${suffix}.tmp`,
      previous: `${path}.${suffix}.old`,
      isNew: false,
      state: 'staged' as const,
    }
    this.#files.push(file)
    const handle = await open(file.temporary, 'wx', 0o600)
    try {
      file.isNew = !(await keepOwner(handle, path))
      await writeText(handle, typeof content === 'string' ? [content] : content)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

/** Whoever could read the old file can read the new one: it may be somebody else's. False: there is none. */
async function keepOwner(handle: FileHandle, path: string): Promise<boolean> {
  const old = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (old === undefined) return false
  const own = await handle.stat()
  if (old.uid !== own.uid || old.gid !== own.gid) await handle.chown(old.uid, old.gid)
  await handle.chmod(old.mode & 0o777)
  return true
}

/** Those whose file has another content, or is not there. */
export async function thoseThatDiffer(
  contents: readonly (readonly [path: string, content: FileText])[],
): Promise<(readonly [path: string, content: FileText])[]> {
  const differing: (readonly [path: string, content: FileText])[] = []
  for (const [path, content] of contents) {
    const whole = typeof content === 'string' ? content : content.join('')
    const is = await readFile(path, 'utf8').catch(unlessGone)
    if (is !== whole) differing.push([path, content])
  }
  return differing
}

/** Brings the old contents back, as far as they were replaced. May be done again after a crash. */
export async function restoreKept(files: readonly KeptFile[]): Promise<void> {
  try {
    for (const { path, previous, isNew } of files.toReversed()) {
      if (isNew) await rm(path, { force: true })
      else await rename(previous, path).catch(unlessGone)
      // Two links to one content are left as they are by a rename.
      await rm(previous, { force: true })
    }
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) await syncFolder(folder)
  } catch (error) {
    throw unwritable(error)
  }
}

/** The old contents are needed no more. */
export async function dropKept(files: readonly KeptFile[]): Promise<void> {
  for (const { previous } of files) await rm(previous, { force: true })
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

/** Removes what an earlier fairlead left beside these files when it was killed while writing; `kept` stays. */
export async function sweepStaged(
  paths: Iterable<string>,
  kept: ReadonlySet<string> = new Set(),
): Promise<void> {
  const known = new Set(paths)
  for (const folder of new Set([...known].map((path) => dirname(path)))) {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    for (const name of names) {
      const of = leftOver.exec(name)?.[1]
      const isLeft = of !== undefined && known.has(join(folder, of))
      if (isLeft && !kept.has(join(folder, name))) await rm(join(folder, name), { force: true })
    }
  }
}

const leftOver = /^(.+)\.\d+\.[0-9a-f]{8}\.(?:tmp|old)$/

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unwritable(error: unknown): StateWriteError {
  return new StateWriteError(
    'state_unwritable',
    `cannot write the configuration: ${messageOf(error)}`,
    {
      hint: 'check the free space and the owner of the state folder',
      cause: error,
    },
  )
}
