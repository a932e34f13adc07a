import { isLocalSocket, parseSocketAddress } from '../runtime/address.ts'
import { converse } from '../runtime/converse.ts'
import type { Dialect } from '../runtime/converse.ts'
import { HaproxyError, isAway } from '../runtime/errors.ts'
import { dialectFor, masterDialectFor } from '../runtime/worker-dialects.ts'
import type { Observed } from './observe.ts'

/** By which socket one worker is spoken to. */
export type Channel = { readonly address: string; readonly dialect: Dialect }

const timeoutMs = 5000

/**
 * The way to the worker that was seen: its own stats socket where its configuration names one that
 * is reached from here, since that is quicker; else through its master. `here`: where a path that
 * HAProxy names is for us.
 */
export async function channelTo(
  socket: string,
  { worker, master, sockets }: Observed,
  here: (path: string) => string,
): Promise<Channel> {
  const dialect = dialectFor(worker)
  if (master === undefined) return { address: socket, dialect }
  for (const named of sockets) {
    const known = parseSocketAddress(named.address)
    if (named.level !== 'admin' || !isLocalSocket(known)) continue
    const address = known.kind === 'unix' ? here(known.path) : named.address
    // Somebody else's worker may answer there, or nobody: then it is not this one's.
    const answers = await converse(address, [], { dialect, timeoutMs }).then(() => true, isAnswer)
    if (answers) return { address, dialect }
  }
  return { address: socket, dialect: masterDialectFor(worker) }
}

function isAnswer(error: unknown): false {
  if (!isAway(error)) throw error
  return false
}

/** Throws HaproxyError `haproxy_refused`, with the line to add, where a socket may not do enough. */
export function requireAdmin(socket: string, { level, master }: Observed): void {
  if (level === 'admin') return
  const line =
    master === undefined
      ? `in its global section: stats socket ${socket} mode 600 level admin`
      : `on its command line: -S ${socket},mode,600,level,admin`
  throw new HaproxyError(
    'haproxy_refused',
    `${socket} only has level ${level}, and admin is needed`,
    { hint: `give HAProxy ${line}` },
  )
}
