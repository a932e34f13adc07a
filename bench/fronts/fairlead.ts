import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StatusReport } from '../../src/api/contract.ts'
import { call } from '../../demo/http.ts'
import { isAlive } from '../stage/process-usage.ts'
import { startProgram } from '../stage/program.ts'
import type { Program } from '../stage/program.ts'
import { until } from '../stage/stage.ts'
import { freePort } from '../../test/support/ports.ts'
import type { Stage } from '../stage/stage.ts'
import type { Front } from './front.ts'

/** The program of this checkout. */
export const bundle = fileURLToPath(new URL('../../dist/fairlead.mjs', import.meta.url))

export type FairleadOptions = {
  /** What the tables call it; `fairlead` by default. */
  readonly name?: string
  /** Flags beside name, folder and addresses. */
  readonly flags?: readonly string[]
  /** How often it is asked whether it is ready, ms; 2 by default. Asking costs it some CPU. */
  readonly askEveryMs?: number
  /** Words before the command: `taskset -c 0`. */
  readonly under?: readonly string[]
}

/** `fairlead up` of this checkout, and its admin API. */
export type Fairlead = Front & {
  /** The admin API's unix socket. */
  readonly socketPath: string
  status(): Promise<StatusReport>
  /** Ends fairlead alone, by SIGTERM: its HAProxy stays. */
  leave(): Promise<void>
  /** Starts it again; resolves with the milliseconds until `/readyz` says 200. */
  start(): Promise<number>
}

let count = 0

export async function openFairlead(stage: Stage, options: FairleadOptions = {}): Promise<Fairlead> {
  count += 1
  const folder = join(stage.folder, `fairlead-${count}`)
  const port = await freePort()
  const socketPath = join(folder, 'admin.sock')
  const where = ['--state-folder', folder, '--http', `127.0.0.1:${port}`, '--admin', 'none']
  const up = [process.execPath, bundle, 'up', '--name', `${stage.run}-${count}`, ...where]
  const command = [...(options.under ?? []), ...up, ...(options.flags ?? [])]
  let program: Program | undefined
  const isReady = async (): Promise<boolean> => {
    if (program?.isRunning() === false) {
      throw new Error(`fairlead has ended:\n${program.output()}`)
    }
    return (await statusOf(socketPath)) === 200
  }
  const status = async (): Promise<StatusReport> =>
    JSON.parse((await call({ socketPath }, 'GET', '/api/status')).body) as StatusReport
  const fairlead: Fairlead = {
    name: options.name ?? 'fairlead',
    port,
    socketPath,
    status,
    controllers: () => (program === undefined ? [] : [program.pid]),
    proxies: async () => {
      const { haproxy } = await status()
      return [haproxy.masterPid, haproxy.workerPid]
    },
    reloads: async () => (await status()).haproxy.reloads,
    reasons: () => reloadReasons(readFileSync(`${folder}.log`, 'utf8')),
    async start() {
      const startedAt = performance.now()
      program = await startProgram(command, `${folder}.log`)
      const times = { timeoutMs: 60_000, everyMs: options.askEveryMs ?? 2 }
      await until('fairlead is ready', isReady, times)
      return performance.now() - startedAt
    },
    leave: async () => program?.end('SIGTERM'),
    async close() {
      if (program?.isRunning() !== true) return
      const pids = await fairlead.proxies()
      // Like Ctrl-C: ends its HAProxy too.
      await program.end('SIGINT')
      await until('HAProxy has ended', () => !pids.some(isAlive))
    },
  }
  stage.onClose(() => fairlead.close())
  await fairlead.start()
  return fairlead
}

// fairlead's log, one JSON object a line: what could not be done by commands, and why.
function reloadReasons(log: string): readonly string[] {
  type Entry = { msg?: string; causes?: readonly string[]; reasons?: readonly string[] }
  return log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Entry)
    .filter(({ msg }) => msg === 'reload' || msg === 'failed')
    .map(
      ({ msg, causes = [], reasons = [] }) =>
        `${msg}: ${reasons.join('; ')} (${causes.join('; ')})`,
    )
}

// Not listening yet is no answer, as any other error before the first 200.
async function statusOf(socketPath: string): Promise<number> {
  try {
    return (await call({ socketPath }, 'GET', '/readyz')).status
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0
    throw error
  }
}
