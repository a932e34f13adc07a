import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { observe } from '../../../src/haproxy/process/observe.ts'
import { runCommands } from '../../../src/haproxy/runtime/socket.ts'
import { HaproxyLab } from '../../support/haproxy-lab.ts'
import type { LabServer } from '../../support/haproxy-lab.ts'
import { Supervisor } from '../../support/supervised-haproxy.ts'
import { program } from './build.ts'

export type CliResult = { readonly code: number; readonly stdout: string; readonly stderr: string }

/**
 * A HAProxy as a user has it: a file written by hand, started by a supervisor, and fairlead called
 * on it as a command. `close` takes everything away.
 */
export class WrittenLab {
  readonly lab: HaproxyLab
  readonly supervisor: Supervisor
  readonly config: string

  private constructor(lab: HaproxyLab) {
    this.lab = lab
    this.supervisor = new Supervisor(lab)
    this.config = lab.options.configPath
  }

  /** HAProxy runs, with one server. */
  static async open(haproxy: string, servers?: readonly LabServer[]): Promise<WrittenLab> {
    const lab = await HaproxyLab.open(haproxy)
    const written = new WrittenLab(lab)
    try {
      await lab.write(lab.desired(servers ?? [{ name: 'a', port: await lab.webServer('a') }]))
      await written.supervisor.start()
    } catch (error) {
      await lab.close()
      throw error
    }
    return written
  }

  /** `fairlead COMMAND NEW --state-folder …`, to its end. */
  async run(command: 'plan' | 'apply', path: string, ...flags: string[]): Promise<CliResult> {
    const child = this.spawn(command, path, ...flags)
    let [stdout, stderr] = ['', '']
    child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code: code ?? -1, stdout, stderr }
  }

  plan(path: string = this.config, ...flags: string[]): Promise<CliResult> {
    return this.run('plan', path, '--detailed-exitcode', ...flags)
  }

  apply(path: string = this.config, ...flags: string[]): Promise<CliResult> {
    return this.run('apply', path, '--watch', '100ms', ...flags)
  }

  spawn(command: 'plan' | 'apply', path: string, ...flags: string[]): ChildProcess {
    const state = ['--state-folder', join(this.lab.folder, 'state')]
    const args = [program, command, path, ...state, ...flags]
    return spawn(process.execPath, args, {
      cwd: this.lab.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  text(path: string = this.config): Promise<string> {
    return readFile(path, 'utf8')
  }

  /** Changes the file that HAProxy loads, as an editor would. */
  async edit(change: (text: string) => string, path: string = this.config): Promise<void> {
    await writeFile(path, change(await readFile(path, 'utf8')))
  }

  /** A file beside it, with the text changed. */
  async other(change: (text: string) => string): Promise<string> {
    const path = join(this.lab.folder, 'new.cfg')
    await writeFile(path, change(await this.text()))
    return path
  }

  /** What HAProxy answers to commands. */
  ask(...commands: string[]): Promise<readonly string[]> {
    return runCommands(this.lab.options.workerSocket, commands)
  }

  async workerPid(): Promise<number> {
    const { worker } = await observe(this.lab.options.masterSocket, 5000)
    return worker.pid
  }

  close(): Promise<void> {
    return this.lab.close()
  }
}

/** One more server line at the end of backend `app`. */
export function withServer(line: string): (text: string) => string {
  return (text) => text.replace('backend other', `  server ${line}\nbackend other`)
}

/**
 * Puts itself between fairlead and a socket of HAProxy's, and holds back everything from the line
 * that `stops` matches on (or, with `isForwarded`, from the answer to it on). Resolves `reached`
 * then; `remove` gives HAProxy its place back.
 */
export async function interpose(
  path: string,
  stops: RegExp,
  { isForwarded = false } = {},
): Promise<{ reached: Promise<void>; remove: () => Promise<void> }> {
  const real = `${path}.real`
  await rename(path, real)
  const sockets = new Set<Socket>()
  let tell = (): void => undefined
  const reached = new Promise<void>((resolve) => {
    tell = resolve
  })
  const server = createServer((client) => {
    const haproxy = connect({ path: real })
    for (const socket of [client, haproxy]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    let isHeld = false
    client.on('data', (data) => {
      for (const line of data.toString().split(/(?<=\n)/)) {
        const isStop = !isHeld && stops.test(line)
        isHeld ||= isStop
        if (!isHeld || (isStop && isForwarded)) haproxy.write(line)
        if (isStop) tell()
      }
    })
    haproxy.on('data', (data) => isHeld || client.write(data))
    client.on('end', () => isHeld || haproxy.end())
    haproxy.on('end', () => isHeld || client.end())
  })
  server.listen(path)
  await once(server, 'listening')
  const remove = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rename(real, path)
  }
  return { reached, remove }
}
