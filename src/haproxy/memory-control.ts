import { readFile } from 'node:fs/promises'
import { isAtLeast } from './capabilities.ts'
import { parseConfig } from './config/parse.ts'
import type { Line } from './config/parse.ts'
import type { RunningBackend, RunningServer } from './control.ts'
import { bindsOf } from './process/binds.ts'
import type { Bind } from './process/binds.ts'
import type { HaproxyRunner } from './process/runner.ts'
import { ConfigRejectedError, HaproxyError } from './runtime/errors.ts'
import { interpretBackendCommand } from './runtime/interpret-backends.ts'
import { emptyFileWorld, interpretFileCommand } from './runtime/interpret-files.ts'
import type { FileWorld } from './runtime/interpret-files.ts'
import { interpretServerCommand, parseAddress } from './runtime/interpret-servers.ts'
import { readFileWorld } from './memory-files.ts'
import { Transactions } from './runtime/transactions.ts'
import { payloadOf, splitCommand, unsendable } from './runtime/words.ts'

/**
 * A HAProxy in memory: reads the configuration and map files from disk at start and reload, and
 * does what the commands say, with HAProxy's own replies. It serves no traffic and checks nothing
 * of a text but that it can be read and has a `bind`.
 */
export class MemoryHaproxy implements HaproxyRunner {
  readonly configPath: string
  readonly version: string
  /** Every command so far that changed or asked something, for tests to look at. */
  readonly history: string[] = []
  /** Servers with a connection: not deleted before it has ended. */
  readonly busyServers = new Set<string>()
  reloads = 0
  isOurs = true
  isTextKnown = false
  #workerPid = 0
  #lastPid = 1000
  #backends = new Map<string, RunningBackend>()
  #servers = new Map<string, RunningServer>()
  #files: FileWorld = emptyFileWorld()

  constructor(configPath: string, version = '2.6.12') {
    this.configPath = configPath
    this.version = version
  }

  get isRunning(): boolean {
    return this.#workerPid !== 0
  }

  get workerPid(): number {
    return this.#workerPid
  }

  /** It ends without being told to. */
  crash(): void {
    this.#workerPid = 0
  }

  async start(): Promise<void> {
    if (this.isRunning) return
    if (!this.isOurs) throw new HaproxyError('haproxy_unreachable', 'HAProxy does not run')
    await this.#load()
    this.isTextKnown = true
  }

  async reload(): Promise<void> {
    if (!this.isRunning) throw new HaproxyError('haproxy_unreachable', 'HAProxy does not run')
    await this.#load()
    this.reloads += 1
  }

  async validate(configPath: string): Promise<void> {
    const text = await readFile(configPath, 'utf8')
    try {
      parseConfig(text)
    } catch (error) {
      throw new ConfigRejectedError('HAProxy rejects the configuration', [], error)
    }
    if (bindsOf(text).length === 0 && !/^\s*bind\s/m.test(text)) {
      throw new ConfigRejectedError(
        'HAProxy finds no listener in the configuration, so it would not start',
        [],
      )
    }
  }

  async refresh(): Promise<void> {
    // Nobody else reloads it.
  }

  async forgetText(): Promise<void> {
    this.isTextKnown = false
  }

  async confirmText(): Promise<void> {
    this.isTextKnown = true
  }

  async probeBinds(_binds: readonly Bind[]): Promise<void> {
    // In memory every address is free.
  }

  async execute(commands: readonly string[]): Promise<readonly string[]> {
    if (!this.isRunning) throw new HaproxyError('haproxy_unreachable', 'HAProxy does not run')
    const refused = commands.find((command) => unsendable(command) !== undefined)
    if (refused !== undefined) {
      throw new HaproxyError(
        'haproxy_refused',
        `a command was not sent because ${unsendable(refused)}`,
      )
    }
    this.history.push(...commands)
    const transactions = new Transactions()
    return commands.map((command) => {
      const due = transactions.next(command)
      return transactions.got(command, this.#reply(splitCommand(due), payloadOf(due)))
    })
  }

  #reply(words: readonly string[], payload: readonly string[] | undefined): string {
    const [verb = '', noun = '', subject] = words
    const aboutFiles = interpretFileCommand(this.#files, words, payload)
    if (aboutFiles !== undefined) return aboutFiles
    if (verb === 'show') return this.#show(noun, words.slice(2))
    if (verb === 'del' && noun === 'server' && this.busyServers.has(subject ?? '')) {
      return '[3]: Server still has connections attached to it, cannot remove it.'
    }
    const world = { servers: this.#servers, backends: this.#backends }
    return (
      (isAtLeast(this.version, 3, 4) ? interpretBackendCommand(world, words) : undefined) ??
      interpretServerCommand(world, words) ??
      '[6]: Unknown command.'
    )
  }

  #show(noun: string, rest: readonly string[]): string {
    if (noun === 'servers') return this.#showServers(rest[1])
    if (noun === 'info') {
      return `Name: HAProxy\nVersion: ${this.version}\nPid: ${this.#workerPid}\nUptime_sec: 1\nStopping: 0`
    }
    if (noun === 'stat')
      return rest[1] === '2' ? this.#showBackends(rest[0] ?? '') : this.#showStatistics()
    return '[6]: Unknown command.'
  }

  #showServers(backend: string | undefined): string {
    if (backend !== undefined && !this.#backends.has(backend)) return "[3]: Can't find backend."
    const lines = [...this.#servers.values()]
      .filter((server) => backend === undefined || server.backend === backend)
      .map((server) => {
        const operational = ['stopped', 'starting', 'running', 'stopping'].indexOf(
          server.operational,
        )
        const admin = { ready: 0, drain: 8, maint: 1 }[server.admin]
        return `1 ${server.backend} 1 ${server.name} ${server.address || '-'} ${operational} ${admin} ${server.weight} ${server.port}`
      })
    return [
      '1',
      '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port',
      ...lines,
    ].join('\n')
  }

  /** `show stat NAME 2 -1`, or of all with `-1`. */
  #showBackends(which: string): string {
    if (which !== '-1' && !this.#backends.has(which)) return '[3]: No such proxy.'
    const lines = [...this.#backends]
      .filter(([name]) => which === '-1' || name === which)
      .map(
        ([name, { isPublished }]) => `${name},BACKEND,0,0,UP${isPublished ? '' : ' (UNPUB)'},1,0,`,
      )
    return ['# pxname,svname,scur,stot,status,type,req_tot,', ...lines].join('\n')
  }

  #showStatistics(): string {
    const lines = [...this.#servers.values()].map((server) => {
      const status = server.admin === 'maint' ? 'MAINT' : server.admin === 'drain' ? 'DRAIN' : 'UP'
      return `${server.backend},${server.name},0,0,${status},2,0,`
    })
    return ['# pxname,svname,scur,stot,status,type,req_tot,', ...lines].join('\n')
  }

  async #load(): Promise<void> {
    const text = await readFile(this.configPath, 'utf8')
    const backends = new Map<string, RunningBackend>()
    const servers = new Map<string, RunningServer>()
    for (const section of parseConfig(text).sections) {
      if (section.keyword !== 'backend' && section.keyword !== 'listen') continue
      backends.set(section.name, { isPublished: true })
      for (const line of section.lines) {
        const server = line.words[0] === 'server' ? serverOf(section.name, line) : undefined
        if (server !== undefined) servers.set(`${server.backend}/${server.name}`, server)
      }
    }
    const files = await readFileWorld(text)
    this.#backends = backends
    this.#servers = servers
    this.#files = files
    this.busyServers.clear()
    this.#lastPid += 1
    this.#workerPid = this.#lastPid
  }
}

function serverOf(backend: string, line: Line): RunningServer {
  const [, name = '', address = '', ...rest] = line.words
  const weight = rest.indexOf('weight')
  const isDisabled = rest.includes('disabled')
  return {
    backend,
    name,
    ...parseAddress(address),
    weight: weight === -1 ? 1 : Number(rest[weight + 1]),
    admin: isDisabled ? 'maint' : 'ready',
    operational: isDisabled ? 'stopped' : 'running',
  }
}
