import { readFileSync } from 'node:fs'
import { readFile, readlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { startTicksOf } from '../support/process-identity.ts'

/** What /proc tells of a HAProxy process (proc(5)); undefined where it tells nothing: another host or container. */
export type ProcessFacts = {
  /** The files and folders after `-f` and `--`, absolute. */
  readonly configPaths: readonly string[]
  /** Where relative paths of its configuration begin. */
  readonly folder: string
  /** The path after `-S`; undefined: none, or one that is no path. */
  readonly masterSocket: string | undefined
}

export async function factsOf(pid: number): Promise<ProcessFacts | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const cwd = await readlink(`/proc/${pid}/cwd`)
    const program = await readlink(`/proc/${pid}/exe`)
    const words = line.split('\0').slice(0, -1)
    if (!/haproxy/.test(words[0] ?? '') && !/haproxy/.test(program)) return undefined
    const folder = resolve(cwd, valuesOf(words, '-C').at(-1) ?? '.')
    const dashes = words.indexOf('--')
    const named = dashes === -1 ? [] : words.slice(dashes + 1)
    const configPaths = [...valuesOf(words, '-f'), ...named].map((path) => resolve(folder, path))
    const master = valuesOf(words, '-S')
      .at(-1)
      ?.split(',')[0]
      ?.replace(/^unix@/, '')
    const masterSocket = master === undefined || !master.includes('/') ? undefined : master
    return {
      configPaths,
      folder,
      masterSocket: masterSocket === undefined ? undefined : resolve(folder, masterSocket),
    }
  } catch {
    // Another host, another container, another user, or just ended: there is nothing to be read.
    return undefined
  }
}

function valuesOf(words: readonly string[], option: string): string[] {
  const end = words.indexOf('--')
  return words.flatMap((word, index) => {
    const value = words[index + 1]
    const isGiven = word === option && (end === -1 || index < end)
    return isGiven && value !== undefined ? [value] : []
  })
}

const ticksPerSecond = 100

/** Unix milliseconds, to about 20 ms; undefined where /proc does not know the process. */
export function startOf(pid: number): number | undefined {
  const ticks = startTicksOf(pid)
  if (ticks === undefined || ticks === 0) return undefined
  // Read together: later it would seem to have started later, after a file that changed since.
  const nowMs = Date.now()
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  return nowMs - (uptime - ticks / ticksPerSecond) * 1000
}
