import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndpointReport, StatusReport } from '../src/api/contract.ts'
import { DemoError, messageOf } from './errors.ts'
import { call } from './http.ts'
import type { Target } from './http.ts'
import { serviceName } from './web-servers.ts'

export type FairleadOptions = {
  /** dist/fairlead.mjs. */
  readonly bundle: string
  /** The demo's folder; fairlead's state folder is in it. */
  readonly folder: string
  /** `ADDR:PORT` that HAProxy serves. */
  readonly http: string
  /** As in `--docker`; `none` for a machine without. */
  readonly dockerHost: string
  readonly isPublished: boolean
}

/** The daemon of this demo. It is asked over its unix socket and needs no port. */
export type Fairlead = {
  readonly admin: Target
  /** Resolves when its state is known and applied; throws DemoError with its log's end when it ends first. */
  waitUntilReady(signal: AbortSignal): Promise<void>
  status(): Promise<StatusReport>
}

const readyTimeoutMs = 20_000
// Started again after it was killed, to show that traffic goes on meanwhile; but not in a circle.
const leastLifeMs = 2000

const stateFolder = (folder: string): string => join(folder, 'fairlead')
const settingsFile = (folder: string): string => join(folder, 'fairlead.yaml')
export const adminTarget = (folder: string): Target => ({
  socketPath: join(stateFolder(folder), 'admin.sock'),
})

/**
 * Starts fairlead in a session of its own, with its log in the demo's folder, and again when it is
 * killed by a signal; `onEnd` hears of an end that is final and was not asked for by `signal`.
 */
export function startFairlead(
  options: FairleadOptions,
  signal: AbortSignal,
  onEnd: (error: DemoError) => void,
): Fairlead {
  const admin = adminTarget(options.folder)
  const logFile = join(options.folder, 'fairlead.log')
  writeFileSync(settingsFile(options.folder), '# The demo gives its settings as flags.\n')
  let failure: DemoError | undefined

  const start = () => {
    const startedAtMs = Date.now()
    const log = openSync(logFile, 'a')
    const child = spawn(process.execPath, [options.bundle, ...flags(options)], {
      cwd: options.folder,
      detached: true,
      env: plainEnvironment(),
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child.once('exit', (_code, killedBy) => {
      if (signal.aborted) return
      if (killedBy !== null && Date.now() - startedAtMs > leastLifeMs) return start()
      failure = new DemoError(`fairlead ended:\n${lastLines(logFile)}`)
      onEnd(failure)
    })
  }
  start()

  return {
    admin,
    async waitUntilReady(aborted) {
      const deadlineMs = Date.now() + readyTimeoutMs
      while (!(await isReady(admin))) {
        aborted.throwIfAborted()
        if (failure !== undefined) throw failure
        if (Date.now() > deadlineMs) {
          throw new DemoError(
            `fairlead is not ready after ${readyTimeoutMs / 1000} s:\n${lastLines(logFile)}`,
          )
        }
        await sleep(20)
      }
    },
    async status() {
      const answer = await call(admin, 'GET', '/api/status', { timeoutMs: 5000 })
      if (answer.status !== 200) throw new Error(`fairlead: ${answer.status} ${answer.body.trim()}`)
      return JSON.parse(answer.body) as StatusReport
    },
  }
}

function flags({ folder, http, dockerHost, isPublished }: FairleadOptions): readonly string[] {
  const settings = {
    // A file of its own, since one of the machine's real fairlead is not for the demo.
    config: settingsFile(folder),
    name: 'demo',
    'state-folder': stateFolder(folder),
    http,
    admin: 'none',
    docker: dockerHost,
    'default-service': serviceName,
    // The demo ends when it is told to, not when the last idle browser connection does.
    'hard-stop': '2s',
  }
  const given = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])
  return ['up', ...given, ...(isPublished ? ['--published'] : [])]
}

// Nor are variables of another fairlead of this user.
function plainEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('FAIRLEAD_'))
  return Object.fromEntries(entries)
}

async function isReady(admin: Target): Promise<boolean> {
  try {
    return (await call(admin, 'GET', '/readyz', { timeoutMs: 2000 })).status === 200
  } catch (error) {
    // Not listening yet, or being started again.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n')
  } catch (error) {
    return messageOf(error)
  }
}

/** The endpoints of the demo's service, also those that leave. */
export function demoEndpoints(status: StatusReport): readonly EndpointReport[] {
  return status.services.find(({ name }) => name === serviceName)?.endpoints ?? []
}

/** HAProxy gives new requests to this endpoint. */
export function takesTraffic({ admin, haproxyStatus }: EndpointReport): boolean {
  return admin === 'ready' && /^(UP|no check)/.test(haproxyStatus)
}
