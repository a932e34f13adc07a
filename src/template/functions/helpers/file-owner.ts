import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { callFailure } from '../../go/failure.ts'

/** The third field of a line `NAME:x:NUMBER:…`. */
function entryOf(lines: string, name: string): number | undefined {
  for (const line of lines.split('\n')) {
    const [entry, , id = ''] = line.split(':')
    if (entry === name && /^\d+$/.test(id)) return Number(id)
  }
  return undefined
}

function readDatabase(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Some systems have none; others are asked next.
    return ''
  }
}

/**
 * The number of a user or group: of a name, or else what is written as a number. Throws if there is
 * none.
 */
export function idOf(kind: 'user' | 'group', name: string): number {
  const database = kind === 'user' ? 'passwd' : 'group'
  const known = entryOf(readDatabase(`/etc/${database}`), name)
  if (known !== undefined) return known
  if (/^\d{1,10}$/.test(name)) return Number(name)
  // A directory service may know the name; systems without one may have no getent.
  const asked = spawnSync('getent', [database, '--', name], { encoding: 'utf8', timeout: 10_000 })
  const found = entryOf(asked.stdout ?? '', name)
  if (found === undefined) throw callFailure(`${kind}: unknown ${kind} ${name}`)
  return found
}
