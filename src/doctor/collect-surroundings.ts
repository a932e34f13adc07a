import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isOnThisMachine, lookAtDocker } from './docker-access.ts'
import type { DoctorFacts, StateFolderFacts } from './facts.ts'

/** The folder as it is, or as it could be made. */
export async function collectState(path: string, hasDaemon: boolean): Promise<StateFolderFacts> {
  const found = await stat(path).catch(() => undefined)
  const nearest = await nearestFolder(path)
  const free = await statfs(nearest).catch(() => undefined)
  return {
    path,
    exists: found !== undefined,
    error: found === undefined ? await notMade(path, nearest) : await notUsable(path, found),
    freeBytes: free === undefined ? undefined : free.bavail * free.bsize,
    hasDaemon,
  }
}

async function notMade(path: string, nearest: string): Promise<string> {
  const isWritable = await mayWrite(nearest)
  return isWritable ? '' : `${path} cannot be made: ${nearest} may not be written by this user`
}

async function notUsable(
  path: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
): Promise<string> {
  const own = process.getuid?.() ?? uid
  if (uid !== own && uid !== 0) return `${path} belongs to another user (${uid})`
  if ((mode & 0o022) !== 0) return `other users may write to ${path}`
  return (await mayWrite(path)) ? '' : `${path} may not be written by this user`
}

function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const isThere = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (isThere || folder === dirname(folder)) return folder
  }
}

/**
 * The Docker daemon that is named, else that of DOCKER_HOST, else this machine's; ssh is not tried.
 * On another machine than this, one that was not named is only asked for what is GET.
 */
export async function listDocker(
  environment: Readonly<Record<string, string | undefined>>,
  named: string | undefined,
): Promise<DoctorFacts['docker']> {
  const url = named ?? (environment['DOCKER_HOST'] || 'unix:///var/run/docker.sock')
  if (!/^(?:unix|tcp|http):/.test(url)) return []
  return [await lookAtDocker(url, named !== undefined || isOnThisMachine(url))]
}
