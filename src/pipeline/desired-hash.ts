import { createHash } from 'node:crypto'
import type { DesiredState } from '../model/desired-state.ts'
import { utf8Blocks } from '../support/utf8.ts'

/**
 * The content hash a desired state is known by, so that two load balancers can be compared:
 * hexadecimal SHA-256 over the text, the files and the admin states.
 */
export function desiredStateHash(state: DesiredState): string {
  const hash = createHash('sha256')
  for (const block of utf8Blocks(state.sections ?? [state.config], 64 * 1024)) hash.update(block)
  for (const [path, content] of [...state.files].sort(byKey)) hash.update(`\0${path}\0${content}`)
  for (const [server, admin] of [...state.servers].sort(byKey)) hash.update(`\0${server}\0${admin}`)
  return hash.digest('hex')
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}
