import { converse, unreachable, workerDialect } from '../runtime/converse.ts'
import type { Dialect } from '../runtime/converse.ts'
import { parseInfo } from '../runtime/info.ts'
import type { WorkerInfo } from '../runtime/info.ts'
import { isAway } from '../runtime/errors.ts'
import { parseProcesses, pause } from '../runtime/master.ts'
import type { MasterReport } from '../runtime/master.ts'
import { askUntilEnd } from '../runtime/socket.ts'
import { masterDialect, StartingError } from '../runtime/worker-dialects.ts'

/** A control socket that the worker's configuration names, from `show cli sockets`. */
export type NamedSocket = { readonly address: string; readonly level: string }

/** What a HAProxy says of itself on one of its control sockets. */
export type Observed = {
  /** Undefined for a worker's own socket, which knows nothing of its master. */
  readonly master: MasterReport | undefined
  /** The worker that takes new connections. */
  readonly worker: WorkerInfo
  /** What may be done on this socket: `user`, `operator`, `admin`. */
  readonly level: string
  /** The sockets that the running configuration names. */
  readonly sockets: readonly NamedSocket[]
}

/** The longest silence at the first try and at any: a worker that is just starting says nothing. */
const firstTimeoutMs = 250
const longestTimeoutMs = 4000
/** How long a worker may take to read its configuration, with a master that answers meanwhile. */
const startingMs = 15_000

/**
 * Asks a master's or a worker's socket who is there. Asks again until `patienceMs` is over while
 * nobody answers: at a reload a master is away for a moment; longer while a worker starts.
 * Throws HaproxyError `haproxy_unreachable`.
 */
export async function observe(socket: string, patienceMs: number): Promise<Observed> {
  const startedAt = performance.now()
  let answeredAt = startedAt
  for (let timeoutMs = patienceMs > 0 ? firstTimeoutMs : longestTimeoutMs; ; timeoutMs *= 2) {
    try {
      return await look(socket, Math.min(timeoutMs, longestTimeoutMs))
    } catch (error) {
      if (!isAway(error) || patienceMs === 0) throw error
      const now = performance.now()
      const isStarting = error instanceof StartingError
      if (isStarting) answeredAt = now
      const endAt = isStarting
        ? startedAt + Math.max(patienceMs, startingMs)
        : answeredAt + patienceMs
      if (now >= endAt) throw error
    }
    await pause(20)
  }
}

async function look(socket: string, timeoutMs: number): Promise<Observed> {
  const first = await askUntilEnd(socket, 'show proc;quit', timeoutMs)
  const master = parseProcesses(first)
  if (master === undefined && !/Unknown command|Permission denied/.test(first))
    throw unreachable(socket, 'no HAProxy speaks there')
  const worker = { ...workerDialect, head: ['prompt'] }
  if (master === undefined) return { master, ...(await askWorker(socket, worker, timeoutMs)) }
  const [pid] = master.workers
  if (pid === undefined)
    throw new StartingError('haproxy_unreachable', `the master at ${socket} has no worker`)
  const asked = await askWorker(socket, masterDialect(pid), timeoutMs).catch((error: unknown) => {
    const isNew = (master.uptimeSeconds.get(pid) ?? 0) * 1000 < startingMs
    if (!isNew || !isAway(error)) throw error
    // Up to 3.0 the master cuts off what was asked while its worker did not answer yet.
    const text = `worker ${pid} has just been started, and does not answer yet`
    throw new StartingError('haproxy_unreachable', text, { cause: error })
  })
  const level = (await askUntilEnd(socket, 'show cli level;quit', timeoutMs)).trim()
  return { master, ...asked, level }
}

async function askWorker(
  socket: string,
  dialect: Dialect,
  timeoutMs: number,
): Promise<Omit<Observed, 'master'>> {
  const questions = ['show info', 'show cli level', 'show cli sockets']
  const [info = '', level = '', sockets = ''] = await converse(socket, questions, {
    dialect,
    timeoutMs,
  })
  const worker = parseInfo(info)
  if (worker === undefined) throw unreachable(socket, 'the worker does not say who it is')
  return { worker, level, sockets: parseSockets(sockets) }
}

/** Reads `show cli sockets`; sockets that only HAProxy itself can reach are left out. */
export function parseSockets(reply: string): NamedSocket[] {
  return reply.split('\n').flatMap((line) => {
    const [address = '', level = ''] = line.trim().split(/\s+/)
    const isReachable = address !== '' && !/^(?:#|sockpair@|fd@|abns@)/.test(address)
    return isReachable ? [{ address, level }] : []
  })
}
