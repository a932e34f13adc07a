import { availableParallelism } from 'node:os'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { capabilitiesOf } from '../haproxy/capabilities.ts'
import { findLocalProcess } from '../haproxy/process/locality.ts'
import { observe } from '../haproxy/process/observe.ts'
import type { Observed } from '../haproxy/process/observe.ts'
import { findHaproxy } from '../haproxy/process/program.ts'
import { parseSocketAddress } from '../haproxy/runtime/address.ts'
import { messageOf } from '../model/errors.ts'
import { collectAdoption } from './adoption.ts'
import { collectState, listDocker } from './collect-surroundings.ts'
import type {
  DoctorFacts,
  FileFacts,
  ProcessFacts,
  ProgramFacts,
  SocketFacts,
  TextFacts,
} from './facts.ts'
import { keywordsOf } from './keywords.ts'
import { findProcesses, pathOf, valuesOf } from './processes.ts'

export type DoctorOptions = {
  /** HAProxy's; undefined: looked for. */
  readonly socket: string | undefined
  /** Absolute; undefined: what the running one's command line says. */
  readonly config: string | undefined
  /** URL of a Docker daemon; undefined: the docker command's own. */
  readonly docker: string | undefined
  readonly stateFolder: string
  /** A path, or a name on PATH. */
  readonly haproxy: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly hasDaemon: boolean
  readonly nowMs: number
}

/** Where Debian's package, the official image, and units and image of fairlead put their sockets. */
const usualSockets = [
  '/run/fairlead/master.sock',
  '/run/haproxy-master.sock',
  '/run/haproxy/master.sock',
  '/run/haproxy/admin.sock',
]
/** A master is away for a moment at a reload. */
const patienceMs = 2000

/** Looks at everything that `judge` wants to know; changes nothing. */
export async function collect(options: DoctorOptions): Promise<DoctorFacts> {
  const processes = await findProcesses()
  const sockets = await collectSockets(options, processes)
  const observed = sockets.find((each) => each.observed !== undefined)?.observed
  const local = observed === undefined ? undefined : await collectLocal(observed, processes)
  const isAlone = observed === undefined && processes.length === 1
  const process = local?.process ?? (isAlone ? processes[0] : undefined)
  const text = await collectText(options, process)
  const programs = [await askProgram(options.haproxy)].filter(({ path }) => path !== '')
  const named = local?.program
  return {
    programs:
      named === undefined || programs.some(({ path }) => path === named.path)
        ? programs
        : [...programs, named],
    sockets,
    processes,
    local,
    text,
    adoption:
      observed === undefined || text === undefined || text.error !== ''
        ? undefined
        : await collectAdoption(options.stateFolder, sockets, text),
    capabilities: observed === undefined ? undefined : capabilitiesOf(observed.worker.version),
    state: await collectState(options.stateFolder, options.hasDaemon),
    docker: await listDocker(options.environment, options.docker),
    machine: await collectMachine(options.nowMs),
  }
}

/** Asks each socket that could be HAProxy's: one that was named alone, else until one answers. */
async function collectSockets(
  options: DoctorOptions,
  processes: readonly ProcessFacts[],
): Promise<SocketFacts[]> {
  const { socket, stateFolder } = options
  if (socket !== undefined) return [await askSocket(socket, '--socket')]
  const candidates: (readonly [address: string, by: string])[] = [
    ...(await socketsOfText(options)),
    ...['master.sock', 'haproxy.sock'].map(
      (name) => [join(stateFolder, name), 'its usual place'] as const,
    ),
    ...(await socketsOfProcesses(processes)),
    ...usualSockets.map((path) => [path, 'its usual place'] as const),
  ]
  const asked: SocketFacts[] = []
  for (const [address, by] of candidates) {
    if (asked.some((each) => each.address === address)) continue
    const facts = await askSocket(address, by)
    asked.push(facts)
    if (facts.observed !== undefined) break
  }
  return asked
}

async function socketsOfText({ config }: DoctorOptions): Promise<[string, string][]> {
  if (config === undefined) return []
  const { text } = await readText([config])
  return keywordsOf(text).flatMap(({ words: [first, second, address = ''] }) => {
    if (first !== 'stats' || second !== 'socket') return []
    const plain = address.replace(/^(?:unix|ipv[46]|tcp[46]?)@/, '')
    return /^\/|:\d+$/.test(plain) ? [[plain, 'the configuration'] satisfies [string, string]] : []
  })
}

async function socketsOfProcesses(
  processes: readonly ProcessFacts[],
): Promise<(readonly [string, string])[]> {
  const found = processes.flatMap(({ pid, arguments: words }) =>
    valuesOf(words, '-S').map(async (value) => {
      const path = (value.split(',')[0] ?? '').replace(/^unix@/, '')
      return [await pathOf(pid, path), `command line of process ${pid}`] as const
    }),
  )
  return Promise.all(found)
}

async function askSocket(address: string, by: string): Promise<SocketFacts> {
  const target = parseSocketAddress(address)
  const file = target.kind === 'unix' ? await fileFacts(target.path) : undefined
  try {
    const isThere = target.kind === 'tcp' || file !== undefined
    const observed = await observe(address, isThere ? patienceMs : 0)
    return { address, by, observed, error: '', file }
  } catch (error) {
    return { address, by, observed: undefined, error: messageOf(error), file }
  }
}

async function fileFacts(path: string): Promise<FileFacts | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  return { mode: found.mode & 0o777, owner: found.uid, group: found.gid, changedMs: found.mtimeMs }
}

async function collectLocal(
  observed: Observed,
  processes: readonly ProcessFacts[],
): Promise<DoctorFacts['local']> {
  const found = findLocalProcess(observed.worker)
  const process = processes.find(({ pids }) => pids.includes(found?.workerPid ?? 0))
  if (found === undefined || process === undefined) return undefined
  const program = found.program === undefined ? undefined : await askProgram(found.program)
  return { process, program, isReplaced: found.isReplaced }
}

async function askProgram(name: string): Promise<ProgramFacts> {
  try {
    return { ...(await findHaproxy(name)), error: '' }
  } catch (error) {
    const isFile = name.includes('/')
    return { path: isFile ? name : '', version: undefined, error: messageOf(error) }
  }
}

/** The files that `--config` names, else those of the running one's command line. */
async function collectText(
  { config }: DoctorOptions,
  process: ProcessFacts | undefined,
): Promise<TextFacts | undefined> {
  if (config !== undefined) return readText([config])
  if (process === undefined) return undefined
  const named = valuesOf(process.arguments, '-f').map((path) => pathOf(process.pid, path))
  return named.length === 0 ? undefined : readText(await Promise.all(named))
}

/** Of a folder HAProxy reads the `*.cfg` in it, by name (management.txt §3). */
async function readText(paths: readonly string[]): Promise<TextFacts> {
  let text = ''
  let changedMs = 0
  try {
    for (const path of await filesOf(paths)) {
      text += await readFile(path, 'utf8')
      changedMs = Math.max(changedMs, (await stat(path)).mtimeMs)
    }
    return { paths, text, error: '', changedMs }
  } catch (error) {
    return { paths, text, error: messageOf(error), changedMs }
  }
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    const isFolder = (await stat(path)).isDirectory()
    const names = isFolder
      ? (await readdir(path)).filter((name) => /^[^.].*\.cfg$/.test(name)).toSorted()
      : []
    files.push(...(isFolder ? names.map((name) => join(path, name)) : [path]))
  }
  return files
}

async function collectMachine(nowMs: number): Promise<DoctorFacts['machine']> {
  const read = (path: string): Promise<string> => readFile(path, 'latin1').catch(() => '')
  const lowest = await read('/proc/sys/net/ipv4/ip_unprivileged_port_start')
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(await read('/proc/self/status'))?.[1] ?? '0'
  // CAP_NET_BIND_SERVICE is the tenth capability (capability.h).
  const mayBindLowPorts = (BigInt(`0x${effective}`) & (1n << 10n)) !== 0n
  return {
    cores: availableParallelism(),
    user: process.getuid?.() ?? 0,
    lowestFreePort: lowest.trim() === '' ? 1024 : Number(lowest),
    mayBindLowPorts,
    nowMs,
  }
}
