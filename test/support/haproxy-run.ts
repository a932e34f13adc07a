import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RoutingInput, RoutingSettings } from '../../src/routing/contract.ts'
import { route } from '../../src/routing/route.ts'
import type { FoundHaproxy } from '../../scripts/lib/haproxy-lines.mjs'
import { connectionNameOf } from '../../src/daemon-settings.ts'
import { haproxyPrograms } from './haproxies.ts'
import { routingSettings } from './routing.ts'
import { freePort } from './ports.ts'

export type RunningHaproxy = {
  readonly port: number
  /** All it has written to its output. */
  output(): string
  /** Commands on its stats socket, and the reply. */
  command(line: string): Promise<string>
  close(): Promise<void>
}

/** A real HAProxy, in the foreground, with what routing renders for the input and its version. */
export async function runRouted(
  input: RoutingInput,
  given: Partial<RoutingSettings> = {},
  program: FoundHaproxy | undefined = haproxyPrograms()[0],
): Promise<RunningHaproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-routing-'))
  const port = await freePort()
  const socket = join(folder, 'haproxy.sock')
  const maps = join(folder, 'maps')
  const settings: RoutingSettings = {
    ...routingSettings,
    http: [`127.0.0.1:${port}`],
    paths: { maps, socket, chroot: undefined },
    connectionName: connectionNameOf(program?.version ?? ''),
    ...given,
  }
  const { desired } = route({ ...input, settings })
  await mkdir(maps)
  for (const [path, content] of desired.files) await writeFile(path, content)
  const config = join(folder, 'haproxy.cfg')
  await writeFile(config, desired.config)
  const child = spawn(program?.path ?? 'haproxy', ['-db', '-f', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = once(child, 'exit')
  const running: RunningHaproxy = {
    port,
    output: () => output,
    command: (line) => command(socket, line),
    close: async () => {
      child.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true })
    },
  }
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`haproxy ended: ${output}`)
      return (await command(socket, 'show info').catch(() => '')).includes('Pid:')
    })
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

function command(socket: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = ''
    const connection = connect(socket, () => connection.write(`${line}\n`))
    connection.setEncoding('utf8')
    connection.on('data', (chunk: string) => (reply += chunk))
    connection.on('error', reject)
    connection.on('end', () => resolve(reply))
  })
}

/** Waits for a condition, at most half a minute. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
): Promise<void> {
  const endMs = Date.now() + patienceMs
  while (!(await condition())) {
    if (Date.now() > endMs)
      throw new Error(`still not so after ${patienceMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
