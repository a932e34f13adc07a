import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { fileURLToPath } from 'node:url'
import { waitUntil } from './wait-until.ts'

export const filterConfig = fileURLToPath(
  new URL('../../deploy/docker-socket-proxy/haproxy.cfg', import.meta.url),
)

export type FilterOptions = {
  /** HAProxy; by default the one on PATH. */
  readonly program?: string
  /** Where it listens: a path that is free. */
  readonly socketPath: string
  /** The daemon's. */
  readonly dockerSocket: string
  readonly canJoin?: boolean
  readonly canReadSwarm?: boolean
}

/** deploy/docker-socket-proxy as it is, run by a HAProxy of its own. */
export class SocketFilter {
  readonly socketPath: string
  readonly url: string
  readonly #child: ChildProcess
  #output = ''

  private constructor(options: FilterOptions) {
    this.socketPath = options.socketPath
    this.url = `unix://${options.socketPath}`
    this.#child = spawn(options.program ?? 'haproxy', ['-db', '-f', filterConfig], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DOCKER_SOCKET: options.dockerSocket,
        FILTER_BIND: `unix@${options.socketPath}`,
        ALLOW_JOIN: options.canJoin === true ? 'yes' : '',
        ALLOW_SWARM: options.canReadSwarm === true ? 'yes' : '',
      },
    })
    const add = (bytes: Buffer): void => void (this.#output += bytes.toString())
    this.#child.stdout?.on('data', add)
    this.#child.stderr?.on('data', add)
  }

  static async start(options: FilterOptions): Promise<SocketFilter> {
    const filter = new SocketFilter(options)
    await waitUntil('the filter listens', () => {
      if (filter.#child.exitCode !== null) throw new Error(`it has ended:\n${filter.#output}`)
      return existsSync(options.socketPath) && isListening(options.socketPath)
    })
    return filter
  }

  /** What HAProxy has logged: refused requests only. */
  get log(): string {
    return this.#output
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    await ended
  }
}

/**
 * The path is there a moment before HAProxy listens. Not asked by a connection, which it would log:
 * of sockets that take connections proc(5) has the flag 00010000, and the name that HAProxy gave at
 * first, `PATH.PID.tmp`.
 */
function isListening(path: string): boolean {
  const rows = readFileSync('/proc/net/unix', 'utf8').split('\n')
  return rows.some((row) => row.includes(' 00010000 ') && row.includes(` ${path}`))
}

/** The answer to bytes as they are, once the other side has closed or is done with one answer. */
export function exchange(socketPath: string, bytes: string, timeoutMs = 30_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: socketPath })
    let answer = ''
    const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (answer += text))
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(answer)
    })
    socket.write(bytes, 'latin1')
  })
}
