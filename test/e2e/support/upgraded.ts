import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FakeDocker } from '../../support/fake-docker.ts'
import { serve, type TestServer } from '../../support/plain-servers.ts'
import { freePorts } from '../../support/ports.ts'
import { program } from './build.ts'
import { get } from './load.ts'

const patienceMs = 60_000

/** Waits until it gives something; throws with what was waited for. */
export async function until<T>(what: () => string, find: () => Promise<T | undefined>): Promise<T> {
  const endAt = performance.now() + patienceMs
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (performance.now() > endAt) throw new Error(`waited in vain for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * A copy of the built program that is running while another version, which cannot be used, is put
 * in its place. With a Docker daemon of its own, of no more than words, and two free ports.
 */
export class UpgradedInPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'fairlead-t-upgraded-'))
  readonly docker = new FakeDocker()
  readonly port: number
  readonly adminPort: number
  output = ''
  #child: ChildProcess | undefined
  #exit: Promise<number | string | null> = Promise.resolve(null)
  readonly #servers: TestServer[] = []

  private constructor(port: number, adminPort: number) {
    this.port = port
    this.adminPort = adminPort
    cpSync(dirname(program), join(this.folder, 'dist'), { recursive: true })
  }

  static async open(): Promise<UpgradedInPlace> {
    const [port = 0, adminPort = 0] = await freePorts(2)
    const opened = new UpgradedInPlace(port, adminPort)
    await opened.docker.start()
    return opened
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
    const child = spawn(process.execPath, [this.path('dist/fairlead.mjs'), ...args], {
      cwd: this.folder,
      env: { ...process.env, DOCKER_HOST: this.docker.url, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const add = (bytes: Buffer): void => void (this.output += bytes.toString())
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    this.#child = child
    this.#exit = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal))
    })
  }

  /** `fairlead up` until it is ready. */
  async up(...args: readonly string[]): Promise<void> {
    const own = ['--state-folder', this.path('state'), '--docker', this.docker.url]
    this.start(['up', ...own, '--admin', `127.0.0.1:${this.adminPort}`, ...args])
    await this.until('readiness', async () => (await this.status('/readyz')) === 200)
  }

  /** Nothing of what it was started from can be read any more. */
  replace(): void {
    rmSync(this.path('dist/chunks'), { recursive: true })
    writeFileSync(this.path('dist/fairlead.mjs'), "throw new Error('another version')\n")
  }

  /** A container of the service web, with a web server of this process; its id. */
  async runContainer(id: string): Promise<void> {
    const server = await serve((_, response) => void response.end(id))
    this.#servers.push(server)
    const labels = { 'com.docker.compose.service': 'web', 'fairlead.port': String(server.port) }
    const networks = { bridge: '127.0.0.1' }
    this.docker.run({ id, name: id, labels, networks, ports: [`${server.port}/tcp`] })
  }

  /** Waits until HAProxy gives the answer of a container. */
  async untilServed(id: string): Promise<void> {
    await this.until(`an answer of ${id}`, async () => {
      const answer = await get({ port: this.port }).catch(() => undefined)
      return answer?.status === 200 && answer.body === id
    })
  }

  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const said = (): string => `${what}\n${this.output}`
    await until(said, async () => {
      if (this.#child?.exitCode !== null) throw new Error(`it has ended: ${said()}`)
      return (await isTrue()) || undefined
    })
  }

  ask(path: string, method = 'GET', body?: unknown): Promise<Response> {
    const headers = { 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) }
    return fetch(`http://127.0.0.1:${this.adminPort}${path}`, { method, ...sent })
  }

  /** Of its admin API; 0 where nobody answers. */
  async status(path: string, method = 'GET', body?: unknown): Promise<number> {
    const answer = await this.ask(path, method, body).catch(() => undefined)
    // Read, so that no connection stays open for it.
    await answer?.text()
    return answer?.status ?? 0
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** Its exit code. */
  async end(name: NodeJS.Signals): Promise<number | string | null> {
    this.signal(name)
    return this.#exit
  }

  async close(): Promise<void> {
    const isRunning = this.#child?.exitCode === null && this.#child.signalCode === null
    if (isRunning) await this.end('SIGINT')
    for (const server of this.#servers.splice(0)) await server.close()
    await this.docker.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
