import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suspend } from '../suspend.ts'
import { testCertificate, testKey } from '../tls-fixture.ts'
import { agentConfig, agentPorts, type ConsulOptions, type Membership } from './agent-settings.ts'
import { lastWill, type LastWill } from './last-will.ts'
import { askConsul, type AskOptions, type ConsulAnswer } from './consul-api.ts'

const readyTimeoutMs = 90_000
const stopTimeoutMs = 10_000

/**
 * A real Consul agent on free loopback ports, in a folder of its own. Its ports and, but for
 * `startEmpty`, its state stay the same from one start to the next. `close` ends and removes it; so
 * does the end of this process.
 */
export class ConsulAgent {
  readonly nodeName: string
  readonly folder: string
  /** `127.0.0.1:PORT` of its HTTP API, or HTTPS with `tls`. */
  readonly address: string
  readonly url: string
  readonly membership: Membership
  readonly #options: ConsulOptions
  readonly #lastWill: LastWill
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #token: string | undefined

  private constructor(folder: string, options: ConsulOptions, membership: Membership) {
    this.nodeName = options.nodeName ?? 'node1'
    this.folder = folder
    this.membership = membership
    this.address = `127.0.0.1:${membership.ports.http}`
    this.url = `${(options.tls ?? false) === false ? 'http' : 'https'}://${this.address}`
    this.#options = options
    this.#lastWill = lastWill(folder)
  }

  /** Its folder and configuration; not started. */
  static async create(options: ConsulOptions, membership: Membership): Promise<ConsulAgent> {
    const folder = await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-consul-`))
    const agent = new ConsulAgent(folder, options, membership)
    const config = agentConfig(folder, agent.nodeName, options, membership)
    await writeFile(join(folder, '1.json'), JSON.stringify(config))
    await writeFile(join(folder, '2.json'), JSON.stringify(options.config ?? {}))
    await writeFile(join(folder, 'cert.pem'), testCertificate)
    await writeFile(join(folder, 'key.pem'), testKey)
    return agent
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined
  }

  get isRunning(): boolean {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Path of the unix socket; there with the option `socket`. */
  get socket(): string {
    return join(this.folder, 'http.sock')
  }

  /** Paths of the files that a client needs with the option `tls`. */
  get tls(): { readonly caFile: string; readonly certFile: string; readonly keyFile: string } {
    const certFile = join(this.folder, 'cert.pem')
    return { caFile: certFile, certFile, keyFile: join(this.folder, 'key.pem') }
  }

  /** The management token with the option `acl`; another one after `startEmpty`. */
  get token(): string | undefined {
    return this.#token
  }

  /** Asks its HTTP API, with the management token unless another is given. */
  api<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    options: AskOptions = {},
  ): Promise<ConsulAnswer<T>> {
    return askConsul<T>(this.url, method, path, body, { token: this.#token, ...options })
  }

  /** Starts it on what is in its folder; resolves when `ready` does. */
  async start(): Promise<void> {
    this.launch()
    await this.ready()
  }

  /** As `start`, without anything that it knew. */
  async startEmpty(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.nodeName} still runs`)
    await rm(join(this.folder, 'data'), { recursive: true, force: true })
    this.#token = undefined
    await this.start()
  }

  /** Starts the process and does not wait for it. */
  launch(): void {
    if (this.isRunning) throw new Error(`${this.nodeName} runs already`)
    const files = ['1.json', '2.json'].map((name) => `-config-file=${join(this.folder, name)}`)
    const log = openSync(this.#logPath, 'a')
    const child = spawn('consul', ['agent', ...files], { stdio: ['ignore', log, log] })
    closeSync(log)
    this.#child = child
    this.#lastWill.kills(child.pid)
    this.#exited = new Promise<void>((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', () => {
        this.#lastWill.kills(undefined)
        resolve()
      })
    })
  }

  /**
   * Waits for a leader, for this node in its catalog, healthy, and until the key-value store takes
   * writes. Throws with the end of its log when the agent ends or 90 s have passed.
   */
  async ready(): Promise<void> {
    const endMs = Date.now() + readyTimeoutMs
    let state = 'it was not asked'
    while (Date.now() < endMs) {
      if (this.#child?.pid === undefined)
        throw new Error('consul is not there; `npm test` brings it')
      if (!this.isRunning) throw new Error(`consul ended:\n${this.#logEnd()}`)
      state = await this.#unready().catch((error: unknown) => String(error))
      if (state === '') return
      await sleep(25)
    }
    throw new Error(`${this.nodeName} was not ready in time: ${state}\n${this.#logEnd()}`)
  }

  /** What it lacks, empty when it is ready. */
  async #unready(): Promise<string> {
    const ask = { timeoutMs: 2000 }
    if (!(await this.api<string>('GET', '/v1/status/leader', undefined, ask)).body) {
      return 'no leader'
    }
    if (this.#options.acl === true && this.#token === undefined) await this.#bootstrap()
    const key = `/v1/kv/fairlead-t/ready-${this.nodeName}`
    if ((await this.api('PUT', key, 'yes', ask)).status !== 200) return 'no writes'
    if ((await this.api('DELETE', key, undefined, ask)).status !== 200) return 'no deletes'
    const path = `/v1/health/node/${this.nodeName}`
    const { body } = await this.api<readonly { Status: string }[]>('GET', path, undefined, ask)
    return body[0]?.Status === 'passing' ? '' : 'its node is not healthy'
  }

  // Refused while the new leader still sets ACLs up; the agent's own token lets it register itself.
  async #bootstrap(): Promise<void> {
    const { status, body } = await this.api<{ SecretID: string }>('PUT', '/v1/acl/bootstrap')
    if (status !== 200) throw new Error(`no ACLs: ${status} ${JSON.stringify(body)}`)
    this.#token = body.SecretID
    await this.api('PUT', '/v1/agent/token/agent', { Token: body.SecretID })
  }

  /** Ends it as an orderly shutdown does; its node and services stay in the catalog. */
  async stop(): Promise<void> {
    if (!this.isRunning) return
    this.thaw()
    this.#child?.kill('SIGTERM')
    const limit = setTimeout(() => this.#child?.kill('SIGKILL'), stopTimeoutMs)
    await this.#exited
    clearTimeout(limit)
  }

  /** Ends it as a power failure does. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** Its connections stay open, and nothing answers on them until `thaw`. */
  async freeze(): Promise<void> {
    if (this.pid !== undefined) await suspend(this.pid)
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
    this.#lastWill.close()
  }

  get #logPath(): string {
    return join(this.folder, 'consul.log')
  }

  #logEnd(): string {
    return readFileSync(this.#logPath, 'utf8').split('\n').slice(-20).join('\n')
  }
}

/** One server by itself: it leads, and its key-value store takes writes. */
export async function startConsul(options: ConsulOptions = {}): Promise<ConsulAgent> {
  const ports = await agentPorts()
  const agent = await ConsulAgent.create(options, { server: true, expected: 1, join: [], ports })
  try {
    await agent.start()
    return agent
  } catch (error) {
    await agent.close()
    throw error
  }
}
