import { readFile, rm } from 'node:fs/promises'
import { StateWriteError, sweepTemporaries } from '../../support/atomic-file.ts'
import { AnotherWorkerError, ConfigRejectedError, HaproxyError, isAway } from '../runtime/errors.ts'
import { pause, showProcesses } from '../runtime/master.ts'
import { OneAtATime } from '../runtime/one-at-a-time.ts'
import { workerDialect } from '../runtime/converse.ts'
import type { Dialect } from '../runtime/converse.ts'
import { parseInfo } from '../runtime/info.ts'
import { runCommands } from '../runtime/socket.ts'
import { probeBinds } from './binds.ts'
import type { Bind } from './binds.ts'
import { endGracefully, signalProcess } from './end.ts'
import type { Processes } from './end.ts'
import type { HaproxyProgram } from './program.ts'
import { isSameProcess, readRunRecord, writeRunRecord } from './run-record.ts'
import { startTicksOf } from '../../support/process-identity.ts'
import type { HaproxyInstance } from './runner.ts'
import { checkSocketPath, launch, logSize, startFailed } from './launch.ts'
import { oldWorkerMs, otherWorkerMs, reloadMaster } from './reload.ts'
import { validateConfig } from './validate.ts'
import { Watch } from './watch.ts'

export type HaproxyProcessOptions = {
  readonly program: HaproxyProgram
  /** All paths absolute. The text HAProxy loads. */
  readonly configPath: string
  readonly masterSocket: string
  /** The stats socket that the text must name, with level admin. */
  readonly workerSocket: string
  /** HAProxy's own messages are appended to it. */
  readonly logPath: string
  /** `running.json`. */
  readonly recordPath: string
}

type Running = Processes & { readonly version: string }

/**
 * HAProxy as a process of its own, in its own session: it outlives fairlead, and the next fairlead
 * adopts it.
 *
 * States: down → (start, adopt) → running → (it ends, or stop) → down. While running, a reload
 * changes the worker, never the master.
 */
export class HaproxyProcess implements HaproxyInstance {
  readonly isOurs = true
  readonly #options: HaproxyProcessOptions
  readonly #lock = new OneAtATime()
  readonly #listeners = new Set<() => void>()
  #running: Running | undefined
  #isTextKnown = false
  #isAdopted = false
  #reloads = 0
  /** Until then (`performance.now()`) a connection may be taken by an old worker. */
  #oldUntil = 0
  #watch: Watch | undefined

  constructor(options: HaproxyProcessOptions) {
    this.#options = options
    checkSocketPath(options.masterSocket)
    checkSocketPath(options.workerSocket)
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  get isAdopted(): boolean {
    return this.#isAdopted
  }

  /** 0 when HAProxy is down. */
  get masterPid(): number {
    return this.#running?.masterPid ?? 0
  }

  get workerPid(): number {
    return this.#running?.workerPid ?? 0
  }

  get version(): string {
    return this.#running?.version ?? this.#options.program.version
  }

  /** Reloads that this object did. */
  get reloads(): number {
    return this.#reloads
  }

  get configPath(): string {
    return this.#options.configPath
  }

  get isTextKnown(): boolean {
    return this.#isTextKnown
  }

  /** The text that the worker runs, as far as known; undefined: one reload will tell. */
  async loadedConfig(): Promise<string | undefined> {
    return this.#isTextKnown ? await readFile(this.configPath, 'utf8') : undefined
  }

  /** Calls back when HAProxy has ended without being told to, within 250 ms. Gives back the release. */
  onExit(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  /**
   * Starts HAProxy with the file on disk. Does nothing when it runs. Throws ConfigRejectedError or
   * HaproxyError (`address_in_use`, `haproxy_unreachable`) with what HAProxy said; then none runs.
   */
  start(): Promise<void> {
    return this.#lock.run(async () => {
      if (this.#running !== undefined) return
      this.#isTextKnown = false
      const { logPath } = this.#options
      const logStart = await logSize(logPath)
      const master = await launch({ ...this.#options, program: this.#options.program.path })
      this.#isAdopted = false
      const [workerPid = 0] = master.workers
      try {
        await this.#settle(workerPid, master.masterPid, master.version)
      } catch (error) {
        // Nothing half-started is left behind.
        const { masterPid } = master
        const processes = {
          masterPid,
          masterTicks: startTicksOf(masterPid) ?? 0,
          workerPid,
          workerTicks: startTicksOf(workerPid),
        }
        const hasWorker = processes.workerTicks !== undefined
        await endGracefully(processes, 0)
        throw hasWorker ? error : await startFailed(logPath, logStart, error)
      }
      // A full disk must not keep HAProxy down: without the record the next fairlead finds HAProxy
      // by its socket and reloads once.
      await this.confirmText().catch(unlessUnwritable)
    })
  }

  /**
   * Takes over a HAProxy that an earlier fairlead started: the one whose master answers on our
   * socket. False when there is none. Its text is known if the record on disk says so of its worker.
   */
  adopt(): Promise<boolean> {
    return this.#lock.run(async () => {
      await sweepTemporaries(this.#options.recordPath)
      const record = await readRunRecord(this.#options.recordPath)
      const isExpected =
        record !== undefined && isSameProcess(record.masterPid, record.masterStartTicks)
      const report = await showProcesses(this.#options.masterSocket, {
        patienceMs: isExpected ? 5000 : 0,
        isAlive: () =>
          record !== undefined && isSameProcess(record.masterPid, record.masterStartTicks),
      }).catch(nobody)
      const workerPid = report?.workers[0]
      if (report === undefined || workerPid === undefined) return false
      this.#isTextKnown =
        isExpected && record.masterPid === report.masterPid && record.workerPid === workerPid
      this.#isAdopted = true
      await this.#settle(workerPid, report.masterPid, report.version)
      return true
    })
  }

  /** Around a reload the old worker may still accept a connection: it is given none then. */
  execute(commands: readonly string[]): Promise<readonly string[]> {
    const dialect = (): Dialect => {
      // Looked at each time: meanwhile the new worker may have become the running one.
      const running = this.#running
      const isSettled = running === undefined || performance.now() >= this.#oldUntil
      return isSettled ? workerDialect : onlyWorker(running.workerPid)
    }
    return runCommands(this.#options.workerSocket, commands, { dialect, otherWorkerMs })
  }

  /** Also refuses a text that does not name our control socket: HAProxy could not be reached any more. */
  async validate(configPath: string): Promise<void> {
    await validateConfig(this.#options.program.path, configPath)
    const { workerSocket } = this.#options
    const lines = (await readFile(configPath, 'utf8')).split('\n')
    if (lines.some((line) => /^\s*stats\s+socket\s/.test(line) && line.includes(workerSocket)))
      return
    const text = `the global section must have: stats socket ${workerSocket} mode 600 level admin`
    throw new ConfigRejectedError(text, [
      { level: 'alert', file: configPath, line: undefined, text },
    ])
  }

  async probeBinds(binds: readonly Bind[]): Promise<void> {
    const running = this.#running
    // What has just crashed may hold its addresses for a moment more.
    if (running === undefined) return probeBinds(binds, { patienceMs: 1500 })
    return probeBinds(binds, { pids: [running.masterPid, running.workerPid] })
  }

  reload(): Promise<void> {
    return this.#lock.run(() => this.#reload())
  }

  /** Notices a worker that someone else's reload brought; which text it runs is then not known. */
  refresh(): Promise<void> {
    return this.#lock.run(async () => {
      const running = this.#running
      if (running === undefined) return
      const report = await showProcesses(this.#options.masterSocket, { patienceMs: 2000 })
      const workerPid = report.workers[0]
      if (workerPid === undefined || workerPid === running.workerPid) return
      this.#isTextKnown = false
      await this.#settle(workerPid, report.masterPid, report.version)
    })
  }

  async forgetText(): Promise<void> {
    // No record says the same, and needs no space on a full disk.
    await this.#writeRecord(0).catch(async (error: unknown) => {
      if (!(error instanceof StateWriteError)) throw error
      await rm(this.#options.recordPath, { force: true }).catch(() => {
        throw error
      })
    })
    this.#isTextKnown = false
  }

  async confirmText(): Promise<void> {
    this.#isTextKnown = true
    await this.#writeRecord(this.workerPid)
  }

  /** The record says that the worker runs the text on disk, whatever that is by now. */
  keepText(): Promise<void> {
    return Promise.resolve()
  }

  /**
   * Ends HAProxy gracefully: no new connections, those there are may finish within `graceMs`, then
   * it is ended hard. Resolves when its processes have gone.
   */
  stop(graceMs: number): Promise<void> {
    return this.#lock.run(async () => {
      const running = this.#running
      if (running === undefined) return
      this.#release()
      await endGracefully(running, graceMs)
    })
  }

  /** Stops watching and leaves HAProxy running, for the next fairlead to adopt. */
  close(): void {
    this.#release()
  }

  async #reload(): Promise<void> {
    const running = this.#running
    if (running === undefined) throw new HaproxyError('haproxy_unreachable', 'HAProxy does not run')
    const { masterSocket, logPath } = this.#options
    const isAlive = (): boolean => isSameProcess(running.masterPid, running.masterTicks)
    const after = await reloadMaster({
      masterSocket,
      logPath,
      isAlive,
      workerPid: running.workerPid,
    })
    this.#reloads += 1
    this.#oldUntil = performance.now() + oldWorkerMs
    await this.#settle(after.workers[0] ?? 0, after.masterPid, after.version)
  }

  /** Waits until the new worker, not an old one, answers on the stats socket; then it is the running one. */
  async #settle(workerPid: number, masterPid: number, version: string): Promise<void> {
    const endAt = performance.now() + 10_000
    for (;;) {
      const isUp = await runCommands(this.#options.workerSocket, ['show info']).then(([reply]) => {
        const info = parseInfo(reply ?? '')
        return info?.pid === workerPid && !info.isStopping
      }, nobody)
      if (isUp === true) break
      // From 3.1 the worker reads the text and binds, so the master names one that may still fail.
      if (startTicksOf(workerPid) === undefined)
        throw new HaproxyError('haproxy_unreachable', `worker ${workerPid} has ended`)
      if (performance.now() >= endAt) {
        throw new HaproxyError(
          'haproxy_unreachable',
          `worker ${workerPid} does not answer on ${this.#options.workerSocket}`,
          {
            hint: 'the configuration must name this socket: stats socket PATH mode 600 level admin',
          },
        )
      }
      await pause(5)
    }
    this.#running = {
      masterPid,
      masterTicks: startTicksOf(masterPid) ?? 0,
      workerPid,
      workerTicks: startTicksOf(workerPid),
      version,
    }
    this.#watch ??= new Watch(this.#options.masterSocket, () => this.#look())
  }

  #look(): void {
    const running = this.#running
    if (running === undefined || isSameProcess(running.masterPid, running.masterTicks)) return
    this.#release()
    // A worker ends by itself when its master has gone; told so it does at once.
    signalProcess(running.workerPid, running.workerTicks, 'SIGTERM')
    for (const callback of this.#listeners) callback()
  }

  #release(): void {
    this.#watch?.end()
    this.#watch = undefined
    this.#running = undefined
  }

  async #writeRecord(workerPid: number): Promise<void> {
    const { masterPid, masterTicks } = this.#running ?? { masterPid: 0, masterTicks: 0 }
    await writeRunRecord(this.#options.recordPath, {
      masterPid,
      masterStartTicks: masterTicks,
      workerPid,
    })
  }
}

function onlyWorker(pid: number): Dialect {
  return {
    ...workerDialect,
    head: [...workerDialect.head, 'show info'],
    check: (replies) => {
      if (parseInfo(replies.at(-1) ?? '')?.pid === pid) return
      throw new AnotherWorkerError('haproxy_unreachable', `worker ${pid} does not answer`)
    },
  }
}

/** For "does not answer", which is an answer here; anything else is thrown on. */
function nobody(error: unknown): undefined {
  if (isAway(error)) return undefined
  throw error
}

function unlessUnwritable(error: unknown): void {
  if (!(error instanceof StateWriteError)) throw error
}
