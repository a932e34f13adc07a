import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileFault } from './errors.ts'
import type { Owner } from './owner.ts'

export type WriteOptions = {
  /** Missing folders are made, with mode 0755. */
  readonly createsFolders: boolean
  /** Undefined: as the file has it, else 0644. */
  readonly permissions: number | undefined
  /** What is not asked for stays as the file has it, where this user may give files away. */
  readonly owner: Owner
  /** The file as it was is kept as `PATH.bak`. */
  readonly hasBackup: boolean
}

/** A file as it is. */
export type LiveFile = {
  readonly bytes: Buffer
  /** Without the bits that make a program run as its owner: new content must not inherit those. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

const folderMode = 0o755
const fileMode = 0o644

/**
 * Undefined: there is none. Throws a RunnerError, also for what is no file: a pipe or device in its
 * place might be read without end.
 */
export async function readLive(path: string): Promise<LiveFile | undefined> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new Error('it is not a regular file')
    const { mode, uid, gid } = found
    return { bytes: await readFile(path), mode: mode & 0o777, uid, gid }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileFault('cannot read', path, error)
  }
}

/** Whether the file has these bytes, and the owner that is asked for. */
export function isSame(
  live: LiveFile | undefined,
  bytes: Uint8Array,
  { uid, gid }: Owner,
): boolean {
  if (live === undefined || !live.bytes.equals(bytes)) return false
  return (uid === undefined || uid === live.uid) && (gid === undefined || gid === live.gid)
}

/**
 * Replaces a file so that readers see the old one or the whole new one: written beside it, flushed
 * to disk, renamed. `approve` is shown the new file before that and may keep the old one by false.
 * Throws a RunnerError; then, as after false, the old file is as it was and nothing is left over.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  live: LiveFile | undefined,
  options: WriteOptions,
  approve: (newPath: string) => Promise<boolean>,
): Promise<boolean> {
  const folder = dirname(path)
  const temporary = join(folder, temporaryName(path))
  try {
    if (options.createsFolders) await mkdir(folder, { recursive: true, mode: folderMode })
    await writeNew(temporary, bytes, live, options)
    const isApproved = await approve(temporary)
    if (isApproved) {
      if (options.hasBackup && live !== undefined) await backUp(path)
      await rename(temporary, path)
      await syncFolder(folder)
    } else {
      await rm(temporary, { force: true })
    }
    return isApproved
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileFault('cannot write', path, error)
  }
}

/** As support/atomic-file.ts sweeps them, should this process be killed in between. */
function temporaryName(path: string): string {
  return `${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
}

async function writeNew(
  temporary: string,
  bytes: Uint8Array,
  live: LiveFile | undefined,
  { permissions, owner }: WriteOptions,
): Promise<void> {
  const mode = permissions ?? live?.mode ?? fileMode
  const file = await open(temporary, 'wx', mode & 0o700)
  try {
    await file.writeFile(bytes)
    await giveTo(file, owner, live)
    // After the owner, since that takes the set-user-id bits away; and whatever the umask.
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function giveTo(
  file: FileHandle,
  { uid, gid }: Owner,
  live: LiveFile | undefined,
): Promise<void> {
  const now = await file.stat()
  const wanted = { uid: uid ?? live?.uid ?? now.uid, gid: gid ?? live?.gid ?? now.gid }
  if (wanted.uid === now.uid && wanted.gid === now.gid) return
  try {
    await file.chown(wanted.uid, wanted.gid)
  } catch (error) {
    // Only an owner that somebody asked for is worth failing.
    if (uid !== undefined || gid !== undefined) throw error
  }
}

/** A hard link; an older one is only lost once the new one is there. */
async function backUp(path: string): Promise<void> {
  const [backup, older] = [`${path}.bak`, `${path}.old.bak`]
  const hasOlder = await rename(backup, older).then(() => true, isMissing)
  await link(path, backup)
  if (hasOlder) await rm(older, { force: true })
}

function isMissing(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false
  throw error
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
