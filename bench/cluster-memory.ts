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
  const lines = pids.map((pid) => [pid, commandLine(pid)] as const)
  const partOf = (line: string): string | undefined => parts.find(([, is]) => is.test(line))?.[0]
  return parts.flatMap(([part]) => {
    const own = lines.filter(([, line]) => partOf(line) === part).map(([pid]) => pid)
    return own.length === 0 ? [] : [{ part, processes: own.length, rssMb: rssMb(own) }]
  })
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
