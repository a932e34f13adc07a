import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startConsul, type ConsulAgent } from '../../support/consul/consul-agent.ts'
import { program } from './build.ts'

/** The program as it runs, with everything it said. */
export class TemplateProcess {
  readonly child: ChildProcess
  readonly exit: Promise<number>
  readonly #stdout: Buffer[] = []
  stderr = ''

  constructor(file: string, args: readonly string[], cwd: string, environment: NodeJS.ProcessEnv) {
    const { PATH, HOME } = process.env
    this.child = spawn(file, args, {
      cwd,
      env: { PATH, HOME, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exit = new Promise((resolve) => this.child.once('close', (code) => resolve(code ?? -1)))
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout)
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  async end(name: NodeJS.Signals): Promise<number> {
    this.signal(name)
    return this.exit
  }
}

/** A Consul agent, a folder and the program, also by a link called consul-template. */
export class TemplateLab {
  readonly folder: string
  readonly consul: ConsulAgent
  /** For the program; a proxy before the agent, for example. */
  address: string
  #count = 0
  readonly #processes: TemplateProcess[] = []

  private constructor(folder: string, consul: ConsulAgent) {
    this.folder = folder
    this.consul = consul
    this.address = consul.address
  }

  static async open(): Promise<TemplateLab> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-t-template-'))
    await symlink(program, join(folder, 'consul-template'))
    return new TemplateLab(folder, await startConsul())
  }

  /** A folder for one test; the program starts there. */
  async room(): Promise<TemplateRoom> {
    const folder = join(this.folder, `room-${++this.#count}`)
    await mkdir(folder)
    return new TemplateRoom(this, folder)
  }

  /** Starts the link called consul-template, or `fairlead template`. */
  start(
    cwd: string,
    args: readonly string[],
    { isLink = true, environment = {} }: { isLink?: boolean; environment?: NodeJS.ProcessEnv } = {},
  ): TemplateProcess {
    const [file, first] = isLink
      ? [join(this.folder, 'consul-template'), []]
      : [program, ['template']]
    const variables = { CONSUL_HTTP_ADDR: this.address, ...environment }
    const started = new TemplateProcess(file, [...first, ...args], cwd, variables)
    this.#processes.push(started)
    return started
  }

  async putKey(key: string, value: string | Buffer): Promise<void> {
    const body = new Uint8Array(Buffer.from(value))
    const answer = await fetch(`${this.consul.url}/v1/kv/${key}`, { method: 'PUT', body })
    if (!answer.ok) throw new Error(`PUT ${key}: ${answer.status}`)
  }

  async deleteKey(key: string): Promise<void> {
    await this.consul.api('DELETE', `/v1/kv/${key}`)
  }

  /** Ends what runs. */
  async clear(): Promise<void> {
    for (const each of this.#processes.splice(0)) await each.end('SIGKILL')
    this.address = this.consul.address
    if (!this.consul.isRunning) await this.consul.start()
    await this.consul.api('DELETE', '/v1/kv/?recurse')
  }

  async close(): Promise<void> {
    for (const each of this.#processes.splice(0)) await each.end('SIGKILL')
    await this.consul.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** One test's files. */
export class TemplateRoom {
  readonly folder: string
  readonly #lab: TemplateLab

  constructor(lab: TemplateLab, folder: string) {
    this.#lab = lab
    this.folder = folder
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, text: string | Buffer): Promise<void> {
    return writeFile(this.path(name), text)
  }

  bytes(name: string): Promise<Buffer> {
    return readFile(this.path(name))
  }

  /** Empty where there is no such file. */
  async file(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8').catch(() => '')
  }

  async names(): Promise<readonly string[]> {
    return (await readdir(this.folder)).toSorted()
  }

  /** Changes whenever the file is replaced. */
  async inode(name: string): Promise<number> {
    return (await stat(this.path(name))).ino
  }

  async lines(name: string): Promise<readonly string[]> {
    return (await this.file(name)).split('\n').slice(0, -1)
  }

  start(...args: readonly string[]): TemplateProcess {
    return this.#lab.start(this.folder, args)
  }

  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    timeoutMs = 30_000,
  ): Promise<void> {
    const endAt = performance.now() + timeoutMs
    while (!(await condition())) {
      if (performance.now() > endAt) throw new Error(`waited in vain until ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  untilFile(name: string, text: string): Promise<void> {
    return this.until(`${name} is ${text}`, async () => (await this.file(name)) === text)
  }

  untilLines(name: string, count: number): Promise<void> {
    return this.until(
      `${name} has ${count} lines`,
      async () => (await this.lines(name)).length >= count,
    )
  }
}
