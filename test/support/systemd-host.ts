import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitUntil } from './wait-until.ts'

const systemd = '/lib/systemd/systemd'
const script = (name: string): string =>
  fileURLToPath(new URL(`./systemd/${name}`, import.meta.url))
const groups = '/sys/fs/cgroup'
const prefix = 'fl-systemd-'

export type Said = { readonly code: number; readonly output: string }

/**
 * A systemd of its own: process 1 in namespaces of its own, on a copy of this machine's file system
 * that forgets what is written to it. The network is this machine's. Needs root and systemd.
 * `folder` is the same path for both. All of it ends with this process, however that ends.
 */
export class SystemdHost {
  readonly folder: string
  readonly #run: string
  readonly #child: ChildProcess
  #output = ''

  private constructor(folder: string, run: string) {
    this.folder = folder
    this.#run = run
    const words = ['--pdeathsig', 'KILL', '/bin/sh', script('boot.sh'), folder, run]
    const env = { ...process.env, NODE: process.execPath }
    this.#child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'], env })
    const add = (bytes: Buffer): void => void (this.#output += bytes.toString())
    this.#child.stdout?.on('data', add)
    this.#child.stderr?.on('data', add)
  }

  /** `files`: paths on the host → files and folders of here that are copied there before it starts. */
  static async start(files: ReadonlyMap<string, string>): Promise<SystemdHost> {
    if (!existsSync(systemd)) throw new Error(`no ${systemd}: apt-get install systemd`)
    removeGroups()
    // Not in /tmp, which some services have for themselves. Their users go through it.
    const folder = await mkdtemp('/run/fl-systemd-')
    await chmod(folder, 0o755)
    for (const [path, from] of files) {
      await mkdir(join(folder, 'files', path, '..'), { recursive: true })
      await cp(from, join(folder, 'files', path), { recursive: true })
    }
    await cp(script('driver.mjs'), join(folder, 'driver.mjs'))
    const host = new SystemdHost(folder, `${prefix}${randomBytes(3).toString('hex')}`)
    try {
      const isRunning = (): boolean => {
        if (host.#child.exitCode === null) return existsSync(join(folder, 'driver.sock'))
        throw new Error(`it has ended`)
      }
      await waitUntil('systemd runs', isRunning, 60_000)
    } catch (error) {
      await host.close()
      throw new Error(`systemd (needs root) did not start:\n${host.#output}`, { cause: error })
    }
    return host
  }

  /** Runs a shell script on the host. */
  run(text: string): Promise<Said> {
    return new Promise((resolve, reject) => {
      const target = { socketPath: join(this.folder, 'driver.sock'), method: 'POST', agent: false }
      const call = request(target, (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (more: string) => (body += more))
        answer.on('end', () => resolve(JSON.parse(body) as Said))
      })
      call.on('error', reject)
      call.end(text)
    })
  }

  /** The output of a script that must end with 0. */
  async must(text: string): Promise<string> {
    const { code, output } = await this.run(text)
    if (code !== 0) throw new Error(`${text}\nended with ${code}:\n${output}\n${await this.logs()}`)
    return output.trim()
  }

  /** What the services of fairlead have written. */
  async logs(): Promise<string> {
    const files = readdirSync(this.folder).filter((name) => name.endsWith('.log'))
    const texts = files.map((name) => readFile(join(this.folder, name), 'utf8'))
    return (await Promise.all(texts)).join('')
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(join(this.folder, path), text)
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await ended
    }
    // The kernel ends the rest of the namespace after its process 1.
    await waitUntil('its control groups are empty', () => {
      removeGroups()
      return groupFolders().every((folder) => !folder.endsWith(this.#run))
    })
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** One tree, or one in each controller's. */
function groupFolders(): readonly string[] {
  return ['', ...readdirSync(groups)].flatMap((tree) => {
    const folder = join(groups, tree)
    if (!existsSync(join(folder, 'cgroup.procs'))) return []
    return readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(folder, name))
  })
}

/** Those that nobody is in any more, of earlier hosts too. */
function removeGroups(): void {
  for (const folder of groupFolders()) removeGroup(folder)
}

function removeGroup(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeGroup(join(folder, entry.name))
    }
    rmdirSync(folder)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    // Somebody is in it, or it went meanwhile.
    if (code !== 'EBUSY' && code !== 'ENOENT') throw error
  }
}
