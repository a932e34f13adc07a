import { readFileSync } from 'node:fs'
import { rssMb } from './stage/process-usage.ts'

/** Resident memory of all processes of a part on one node, MB of 2^20 bytes. */
export type PartMemory = {
  readonly part: string
  readonly processes: number
  readonly rssMb: number
}

// By their command lines; the first that fits.
const parts: readonly (readonly [string, RegExp])[] = [
  ['fairlead registrator', /fairlead\.mjs registrator /],
  ['fairlead up', /fairlead\.mjs up /],
  ['HAProxy', /^\S*haproxy /],
  ['Consul', /^\S*consul agent /],
  ['dockerd', /^\S*dockerd /],
  ['containerd', /^\S*containerd /],
  ['containerd-shim', /^\S*containerd-shim/],
  ['tasks', /^\S*busybox httpd /],
]

/** What the parts among these processes use; parts that are not there are left out. */
export function memoryOf(pids: readonly number[]): readonly PartMemory[] {
  const lines = pids.map((pid) => [pid, partOf(pid)] as const)
  return parts.flatMap(([part]) => {
    const own = lines.filter(([, each]) => each === part).map(([pid]) => pid)
    return own.length === 0 ? [] : [{ part, processes: own.length, rssMb: rssMb(own) }]
  })
}

const balancing: ReadonlySet<string | undefined> = new Set(parts.slice(0, 4).map(([part]) => part))

/** Those of fairlead, HAProxy and Consul: not Docker, and not what it starts. */
export function balancingAmong(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => balancing.has(partOf(pid)))
}

/** Undefined for any other, and for one that has ended. */
function partOf(pid: number): string | undefined {
  const line = commandLine(pid)
  return parts.find(([, is]) => is.test(line))?.[0]
}

/** Words with a space after each; empty for a process that has ended meanwhile. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}
