import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { FairleadError, messageOf } from '../model/errors.ts'

/** The unix socket could not be made. Codes `address_in_use`, `address_unavailable`. */
export class UnixSocketError extends FairleadError {}

/** Linux' limit of a socket's path, without the zero byte at its end (unix(7)). */
const longestPathBytes = 107

/**
 * Binds a unix socket that is mode 0600 from its first moment: it is bound in a folder that only
 * this user may enter, and then moved to its place. A socket file there that nobody answers on is
 * replaced; one that answers, and anything that is not a socket, is left alone.
 * @param bind binds to the path it is given.
 * @returns removes the socket file, unless another one has taken its place.
 */
export async function bindUnixSocket(
  path: string,
  bind: (path: string) => Promise<void>,
): Promise<() => Promise<void>> {
  await checkFree(path)
  const folder = await mkdtemp(join(dirname(path), '.new-')).catch((error: unknown) => {
    throw unavailable(path, messageOf(error), 'make its folder, or choose another one')
  })
  const fresh = join(folder, 's')
  try {
    if (Math.max(Buffer.byteLength(path), Buffer.byteLength(fresh)) > longestPathBytes) {
      throw unavailable(path, 'its path is too long', 'choose a shorter state folder')
    }
    await bind(fresh)
    await chmod(fresh, 0o600)
    const { ino } = await lstat(fresh)
    await rename(fresh, path)
    return () => removeIfOurs(path, ino)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function checkFree(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) {
    throw unavailable(path, 'there is a file that is not a socket', 'move it away')
  }
  if (await answers(path)) {
    throw new UnixSocketError('address_in_use', `another program listens on ${path}`, {
      hint: 'stop it, or give this instance another --name',
    })
  }
}

/** Refused is the one sure sign that nobody listens. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const done = (isAlive: boolean): void => {
      socket.destroy()
      resolve(isAlive)
    }
    socket.once('connect', () => done(true))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      done(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}

async function removeIfOurs(path: string, ino: number): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.ino === ino) await rm(path, { force: true })
}

function unavailable(path: string, what: string, hint: string): UnixSocketError {
  return new UnixSocketError('address_unavailable', `cannot listen on ${path}: ${what}`, { hint })
}
