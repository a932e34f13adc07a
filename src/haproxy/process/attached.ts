import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'
import { StateWriteError } from '../../support/atomic-file.ts'
import { isLocalSocket, parseSocketAddress } from '../runtime/address.ts'
import { HaproxyError, isAway } from '../runtime/errors.ts'
import { pause } from '../runtime/master.ts'
import { OneAtATime } from '../runtime/one-at-a-time.ts'
import { runCommands } from '../runtime/socket.ts'
import { isSameWorker } from '../runtime/worker-dialects.ts'
import type { WorkerIdentity } from '../runtime/worker-dialects.ts'
import { channelTo, requireAdmin } from './attached-channel.ts'
import type { Channel } from './attached-channel.ts'
import { AttachedRecord } from './attached-record.ts'
import { rejectionIn, reloadByCommand, underLock } from './attached-reload.ts'
import { probeBinds } from './binds.ts'
import type { Bind } from './binds.ts'
import { findLocalProcess } from './locality.ts'
import type { LocalProcess } from './locality.ts'
import { observe } from './observe.ts'
import type { Observed } from './observe.ts'
import { pathHere } from './path-map.ts'
import type { PathPair } from './path-map.ts'
import { findHaproxy } from './program.ts'
import type { HaproxyProgram } from './program.ts'
import { oldWorkerMs, otherWorkerMs, reloadMaster } from './reload.ts'
import type { HaproxyRunner } from './runner.ts'
import { validateConfig } from './validate.ts'

export type AttachOptions = {
  /**
   * A master's socket, or a worker's stats socket with level admin: an absolute path, or `ADDR:PORT`
   * for a stats socket on TCP.
   */
  readonly socket: string
  /** TCP has no password: an address that others reach too has to be wanted. */
  readonly allowsRemote?: boolean
  /** Where there is only a stats socket: the program and its arguments that reload HAProxy. */
  readonly reloadCommand?: readonly string[]
  /** The file that HAProxy loads, where we see it. Absolute. */
  readonly configPath: string
  /** Checks texts in place of the one HAProxy was started by: a path, or a name on PATH. */
  readonly program?: string
  /** Kept across processes: which text the worker runs. Files beside it begin with its name. */
  readonly recordPath: string
  /** Folders that HAProxy sees at another place. */
  readonly pathMap?: readonly PathPair[]
  /** How long a new worker is waited for after `reloadCommand`. */
  readonly reloadPatienceMs?: number
}

type Attached = {
  readonly observed: Observed
  readonly local: LocalProcess | undefined
  /** What the next reload starts, where that is here. */
  readonly program: HaproxyProgram | undefined
  readonly channel: Channel
}

const timeoutMs = 5000
const settleMs = 10_000

/**
 * Attaches to a HAProxy that somebody else started and supervises. Throws HaproxyError
 * `haproxy_unreachable` (nobody answers), `haproxy_refused` (the socket may not do enough) and
 * `setting_invalid` (a TCP address that others reach).
 */
export async function attachHaproxy(options: AttachOptions): Promise<AttachedHaproxy> {
  const haproxy = new AttachedHaproxy(options)
  await haproxy.refresh()
  return haproxy
}

/**
 * A HAProxy that somebody else started: by systemd, in another container, by hand. It is neither
 * started nor ended from here.
 *
 * States: away → (refresh finds it) → there → (it does not answer any more) → away. While it is
 * there its worker may change at any time: by our reload, then the text is known; by somebody
 * else's, then commands meant for the old worker are not sent, and the text is not known.
 */
export class AttachedHaproxy implements HaproxyRunner {
  readonly isOurs = false
  readonly #options: AttachOptions
  readonly #record: AttachedRecord
  readonly #lock = new OneAtATime()
  #attached: Attached | undefined
  #text: string | undefined
  #isTextKnown = false
  #reloads = 0
  #workers = 0
  #surprises = 0
  /** Until then (`performance.now()`) a connection may be taken by the worker before our last reload. */
  #oldUntil = 0

  constructor(options: AttachOptions) {
    this.#options = { ...options, configPath: resolve(options.configPath) }
    this.#record = new AttachedRecord(options.recordPath)
    const address = parseSocketAddress(options.socket)
    if (isLocalSocket(address) || options.allowsRemote === true) return
    throw new HaproxyError(
      'setting_invalid',
      `${options.socket} can be reached by others, and HAProxy's command line has no password`,
      { hint: 'use a unix socket or a loopback address' },
    )
  }

  /** False when it did not answer at the last look. */
  get isRunning(): boolean {
    return this.#attached !== undefined
  }

  /** 0 where only a worker's socket is known. As HAProxy counts: in a container another pid than ours. */
  get masterPid(): number {
    return this.#attached?.observed.master?.masterPid ?? this.#attached?.local?.masterPid ?? 0
  }

  get workerPid(): number {
    return this.#attached?.observed.worker.pid ?? 0
  }

  get workerNumber(): number {
    return this.#workers
  }

  get version(): string {
    return this.#attached?.observed.worker.version ?? ''
  }

  /** Reloads that this object did. */
  get reloads(): number {
    return this.#reloads
  }

  /** How often it went, came, or was reloaded by somebody else, as far as was seen. */
  get surprises(): number {
    return this.#surprises
  }

  get configPath(): string {
    return this.#options.configPath
  }

  get isTextKnown(): boolean {
    return this.#isTextKnown
  }

  /** What was last seen of it; undefined while it is away. */
  get observed(): Observed | undefined {
    return this.#attached?.observed
  }

  localPath(path: string): string {
    return pathHere(path, this.#options.pathMap ?? [])
  }

  /** The text that the worker runs, also where the file on disk was edited since. */
  loadedConfig(): Promise<string | undefined> {
    return Promise.resolve(this.#text)
  }

  /** What is out of the ordinary about it, for people; none of it hinders. */
  problems(): readonly Problem[] {
    const attached = this.#attached
    if (attached === undefined) return []
    const { program, observed, local } = attached
    const where = 'HAProxy'
    if (program === undefined && local?.program !== undefined) {
      const what = `the program ${local.program} that it was started by is not there any more`
      return [{ where, what, hint: 'install it again: the next reload needs it' }]
    }
    if (program === undefined) {
      const what = 'its program is not on this machine, so only HAProxy itself can check a text'
      return [{ where, what, hint: 'a reload with a mistake in it leaves the old worker serving' }]
    }
    if (program.version === observed.worker.version) return []
    const what = `${observed.worker.version} is running and ${program.version} is installed`
    return [{ where, what, hint: 'the next reload starts the installed one' }]
  }

  /** It is not ours to start. Throws HaproxyError `haproxy_unreachable`. */
  start(): Promise<void> {
    return Promise.reject(
      new HaproxyError(
        'haproxy_unreachable',
        `HAProxy does not answer on ${this.#options.socket}, and is not fairlead's to start`,
        { hint: 'start it where it is supervised: systemctl start haproxy, docker start NAME' },
      ),
    )
  }

  /**
   * Looks who is there now. Throws HaproxyError `haproxy_unreachable` when nobody answers, and
   * `haproxy_refused` when the socket may not do what is needed.
   */
  refresh(): Promise<void> {
    return this.#lock.run(() => this.#refresh(2000))
  }

  async execute(commands: readonly string[]): Promise<readonly string[]> {
    const attached = this.#attached
    if (attached === undefined) throw this.#away()
    const { address, dialect } = attached.channel
    try {
      const isJustReloaded = performance.now() < this.#oldUntil
      return await runCommands(address, commands, {
        dialect,
        timeoutMs,
        otherWorkerMs: isJustReloaded ? otherWorkerMs : 0,
      })
    } catch (error) {
      // Somebody else's reload or restart: the next call meets who is there now.
      if (isAway(error)) await this.refresh().catch(() => undefined)
      throw error
    }
  }

  /**
   * By the program that the next reload starts. Where that is not on this machine nothing is
   * checked here: HAProxy looks itself before it takes a text up.
   */
  async validate(configPath: string): Promise<void> {
    const program = await this.#program()
    if (program !== undefined) await validateConfig(program.path, configPath)
  }

  async probeBinds(binds: readonly Bind[]): Promise<void> {
    const { local } = this.#attached ?? {}
    if (local?.sharesNetwork !== true) return
    await probeBinds(binds, { pids: [local.masterPid, local.workerPid].filter((pid) => pid > 0) })
  }

  reload(): Promise<void> {
    return this.#lock.run(() => underLock(this.#record.lockPath, () => this.#reload()))
  }

  async forgetText(): Promise<void> {
    await this.#record.forget()
    this.#setText(undefined, false)
  }

  async confirmText(): Promise<void> {
    const worker = this.#attached?.observed.worker
    if (worker === undefined) throw this.#away()
    const text = await readFile(this.configPath, 'utf8').catch((error: unknown) => {
      const what = `cannot read ${this.configPath}: ${messageOf(error)}`
      throw new StateWriteError('state_unwritable', what, { cause: error })
    })
    this.#setText(text, true)
    await this.#record.keep(worker, text)
  }

  async #reload(): Promise<void> {
    await this.#refresh(2000)
    const { socket, reloadCommand, reloadPatienceMs: patienceMs = 20_000 } = this.#options
    const observed = this.#attached?.observed
    if (observed === undefined) throw this.#away()
    const { worker, master } = observed
    if (master !== undefined) {
      const at = { masterSocket: socket, logPath: undefined }
      await reloadMaster({ ...at, workerPid: worker.pid, isAlive: () => true }).catch(
        (error: unknown) => {
          throw (error instanceof Error && rejectionIn(error.message, error)) || error
        },
      )
    } else if (reloadCommand !== undefined && reloadCommand.length > 0) {
      await reloadByCommand({ command: reloadCommand, socket, worker, patienceMs })
    } else {
      throw cannotReload(socket)
    }
    this.#reloads += 1
    this.#oldUntil = performance.now() + oldWorkerMs
    await this.#refresh(settleMs, worker)
  }

  /**
   * Whoever is there becomes the one that is spoken to, once its worker takes connections. `old`: the
   * worker that our reload has just replaced, which may still answer for a moment.
   */
  async #refresh(patienceMs: number, old?: WorkerIdentity): Promise<void> {
    const endAt = performance.now() + settleMs
    const before = this.#attached
    let observed: Observed
    try {
      do {
        observed = await observe(this.#options.socket, patienceMs)
        if (!observed.worker.isStopping && !isSameWorker(observed.worker, old)) break
        await pause(10)
      } while (performance.now() < endAt)
    } catch (error) {
      if (isAway(error)) this.#lose()
      throw error
    }
    requireAdmin(this.#options.socket, observed)
    if (isSameWorker(observed.worker, before?.observed.worker)) return
    const local = findLocalProcess(observed.worker)
    this.#workers += 1
    if (old === undefined) this.#surprises += 1
    this.#attached = {
      observed,
      local,
      program: await this.#findProgram(local).catch(unlessMissing),
      channel: await channelTo(this.#options.socket, observed, (path) => this.localPath(path)),
    }
    const text = await this.#record.textOf(observed.worker)
    // A file that is gone, or may not be read, is not known to be what the worker runs.
    const onDisk = await readFile(this.configPath, 'utf8').catch(() => undefined)
    this.#setText(text, text !== undefined && text === onDisk)
  }

  async #program(): Promise<HaproxyProgram | undefined> {
    const { program } = this.#options
    if (program !== undefined) return findHaproxy(program)
    return this.#findProgram(this.#attached?.local)
  }

  /** Asked anew each time: a package may have been upgraded since. */
  async #findProgram(local: LocalProcess | undefined): Promise<HaproxyProgram | undefined> {
    const name = this.#options.program ?? local?.program
    return name === undefined ? undefined : findHaproxy(name)
  }

  #setText(text: string | undefined, isOnDisk: boolean): void {
    this.#text = text
    this.#isTextKnown = isOnDisk
  }

  #lose(): void {
    if (this.#attached !== undefined) this.#surprises += 1
    this.#attached = undefined
    this.#setText(undefined, false)
  }

  #away(): HaproxyError {
    return new HaproxyError(
      'haproxy_unreachable',
      `HAProxy does not answer on ${this.#options.socket}`,
      { hint: 'see that it runs and that the socket is the one it was given' },
    )
  }
}

/** What runs goes on without its program. */
function unlessMissing(error: unknown): undefined {
  const isMissing = error instanceof HaproxyError && error.code === 'haproxy_missing'
  if (!isMissing) throw error
  return undefined
}

function cannotReload(socket: string): HaproxyError {
  return new HaproxyError(
    'reload_failed',
    `a reload is needed, and ${socket} is a worker's socket, which cannot do one`,
    {
      hint: 'start HAProxy with -W -S PATH and name that socket, or give --reload-command, such as "systemctl reload haproxy"',
    },
  )
}
