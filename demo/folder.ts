import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** What a later command must know of a demo to take it away. */
export type DemoRecord = {
  readonly url: string
  /** As in DOCKER_HOST; undefined for one without containers. */
  readonly dockerHost: string | undefined
}

/**
 * The folder of this user's demo: FAIRLEAD_DEMO_FOLDER, else `fairlead-demo` in XDG_STATE_HOME or
 * ~/.local/state.
 */
export function demoFolder(env: NodeJS.ProcessEnv): string {
  if (env['FAIRLEAD_DEMO_FOLDER']) return resolve(env['FAIRLEAD_DEMO_FOLDER'])
  const given = env['XDG_STATE_HOME'] ?? ''
  return join(isAbsolute(given) ? given : join(homedir(), '.local', 'state'), 'fairlead-demo')
}

/** Tells the containers of one folder's demo from those of another's on the same Docker. */
export const instanceOf = (folder: string): string =>
  createHash('sha256').update(folder).digest('hex').slice(0, 12)

export const controlSocket = (folder: string): string => join(folder, 'demo.sock')

const recordFile = (folder: string): string => join(folder, 'demo.json')

export function writeRecord(folder: string, record: DemoRecord): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(recordFile(folder), `${JSON.stringify(record)}\n`, { mode: 0o600 })
}

/** Undefined when there is no demo, running or left behind. */
export function readRecord(folder: string): DemoRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(folder), 'utf8')) as DemoRecord
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
