import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { linesOf, splitSections } from '../haproxy/config/sections.ts'
import { AttachedRecord } from '../haproxy/process/attached-record.ts'
import { findLocalProcess } from '../haproxy/process/locality.ts'
import type { LocalProcess } from '../haproxy/process/locality.ts'
import { observe } from '../haproxy/process/observe.ts'
import type { Observed } from '../haproxy/process/observe.ts'
import { isSameProcess, readRunRecord } from '../haproxy/process/run-record.ts'
import { realPathOf } from './config-source.ts'
import { isAway } from '../haproxy/runtime/errors.ts'
import type { WorkerIdentity } from '../haproxy/runtime/worker-dialects.ts'
import { HandwrittenError } from './errors.ts'
import { factsOf, startOf } from './process-facts.ts'
import type { ProcessFacts } from './process-facts.ts'

/** A HAProxy that answers, and what this machine shows of it. */
export type Located = {
  /** Its master's socket where that is known, else a worker's: a path, or `ADDR:PORT`. */
  readonly socket: string
  /** How it was found, for people: `--socket`, `stats socket in new.cfg`, … */
  readonly by: string
  readonly observed: Observed
  readonly local: LocalProcess | undefined
  /** Undefined where its files are not ours. */
  readonly facts: ProcessFacts | undefined
  /** When its worker started, Unix ms. */
  readonly startedMs: number
  /** Whether `fairlead up` of this state folder keeps it. */
  readonly isManaged: boolean
  /** Whether that one's record says that the worker runs the text on disk. */
  readonly isKept: boolean
  /** What `fairlead up --haproxy-socket` of this state folder keeps of it, where it is kept so. */
  readonly attached: AttachedRecord | undefined
}

type Candidate = { readonly socket: string; readonly by: string }

/** Where Debian's package puts its sockets. */
const usualSockets = ['/run/haproxy-master.sock', '/run/haproxy/admin.sock']

/**
 * Finds the HAProxy that a text is for: at `socket`; else at a stats socket that one of the texts
 * names; else, when they name none, at the places of Debian's package and of `fairlead up`.
 * A socket that a text names and where nobody answers is never replaced by another HAProxy's.
 * Throws HandwrittenError `haproxy_unreachable`.
 */
export async function locateHaproxy(options: {
  readonly socket: string | undefined
  readonly texts: readonly { readonly path: string; readonly text: string }[]
  readonly stateFolder: string
}): Promise<Located> {
  const candidates = candidatesOf(options)
  const failures: string[] = []
  for (const { socket, by } of candidates) {
    try {
      const observed = await observe(socket, 0)
      return await lookCloser({ socket, by }, observed, options.stateFolder)
    } catch (error) {
      if (!isAway(error)) throw error
      failures.push(`${error.message} (${by})`)
    }
  }
  throw new HandwrittenError('haproxy_unreachable', failures.join('; '), {
    hint: 'see that HAProxy runs, and name its socket with --socket PATH: the master\'s (haproxy -S PATH) or a "stats socket PATH level admin"',
  })
}

function candidatesOf(options: Parameters<typeof locateHaproxy>[0]): Candidate[] {
  const { socket, texts, stateFolder } = options
  if (socket !== undefined) return [{ socket, by: '--socket' }]
  const named = texts.flatMap(({ path, text }) =>
    statsSockets(text).map((each) => ({ socket: each, by: `stats socket in ${path}` })),
  )
  if (named.length > 0) return named
  return [
    ...usualSockets.map((each) => ({ socket: each, by: 'its usual place' })),
    { socket: join(stateFolder, 'master.sock'), by: 'fairlead up' },
  ]
}

/** The unix sockets and loopback addresses of `stats socket … level admin` (configuration.txt §3.1). */
export function statsSockets(text: string): string[] {
  return splitSections(text)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(linesOf)
    .flatMap((line) => {
      if (!line.text.includes('socket')) return []
      // Roughly: what cannot be split is for HAProxy's own check to name.
      const words = line.text.trim().split(/[ \t]+/)
      const [first, second, address = ''] = words
      if (first !== 'stats' || second !== 'socket') return []
      const level = words[words.indexOf('level', 3) + 1]
      if (!words.includes('level', 3) || level !== 'admin') return []
      const plain = address.replace(/^(?:unix|ipv4|ipv6|tcp[46]?)@/, '')
      return plain.startsWith('/') || /:\d+$/.test(plain) ? [plain] : []
    })
}

async function lookCloser(
  found: Candidate,
  observed: Observed,
  stateFolder: string,
): Promise<Located> {
  const { worker } = observed
  const local = findLocalProcess(worker)
  const isOurs = local?.program !== undefined
  const facts = isOurs ? await factsOf(local.masterPid || local.workerPid) : undefined
  const startedMs = (local && startOf(local.workerPid)) ?? worker.startedAtSeconds * 1000
  const managed = await managedBy(stateFolder, worker)
  const rest = { local, facts, startedMs, ...managed }
  // A worker's socket cannot reload; its master's command line says where the master listens.
  if (observed.master === undefined && facts?.masterSocket !== undefined) {
    const master = await observe(facts.masterSocket, 0).catch(onlyUnreachable)
    if (master?.worker.pid === worker.pid)
      return { socket: facts.masterSocket, by: found.by, observed: master, ...rest }
  }
  return { ...found, observed, ...rest }
}

async function managedBy(
  stateFolder: string,
  worker: WorkerIdentity,
): Promise<Pick<Located, 'isManaged' | 'isKept' | 'attached'>> {
  const record = new AttachedRecord(join(stateFolder, 'attached.json'))
  if (await record.isOf(worker).catch(unlessHidden))
    return { isManaged: true, isKept: false, attached: record }
  return { ...(await startedBy(stateFolder, worker.pid)), attached: undefined }
}

async function startedBy(
  stateFolder: string,
  workerPid: number,
): Promise<Pick<Located, 'isManaged' | 'isKept'>> {
  const record = await readRunRecord(join(stateFolder, 'running.json'))
  const isAlive = record !== undefined && isSameProcess(record.masterPid, record.masterStartTicks)
  const pids = isAlive ? await childrenOf(record.masterPid) : []
  const isKept = isAlive && record.workerPid === workerPid
  return { isManaged: isKept || pids.includes(workerPid), isKept }
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.trim().split(' ').map(Number)
}

/** In a state folder that is none, or another user's, there is nothing to know; an apply refuses it. */
function unlessHidden(error: NodeJS.ErrnoException): false {
  if (error.code !== 'ENOTDIR' && error.code !== 'EACCES') throw error
  return false
}

function onlyUnreachable(error: unknown): undefined {
  if (isAway(error)) return undefined
  throw error
}

/**
 * The file or folder that HAProxy loads: what was named, else what its command line says, else the
 * new configuration itself, which then was edited in place. Symbolic links are followed.
 * Throws HandwrittenError `usage` where that cannot be.
 */
export async function livePathOf(
  located: Located,
  named: string | undefined,
  newPath: string,
): Promise<string> {
  const started = await Promise.all((located.facts?.configPaths ?? []).map(realPathOf))
  const [only] = started
  if (named !== undefined) {
    const path = await realPathOf(named)
    if (only === undefined || (started.length === 1 && only === path)) return path
    throw new HandwrittenError('usage', `HAProxy loads ${started.join(' ')}, not ${named}`, {
      hint: `leave --config out, or start HAProxy with -f ${named}`,
    })
  }
  if (started.length > 1) {
    throw new HandwrittenError(
      'usage',
      `HAProxy was started with several files: ${started.join(' ')}`,
      {
        hint: 'put them into one folder, and start HAProxy with -f FOLDER',
      },
    )
  }
  return only ?? realPathOf(newPath)
}
