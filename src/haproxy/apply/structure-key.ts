import { createHash } from 'node:crypto'
import type { DesiredState } from '../../model/desired-state.ts'

/**
 * Tells desired states apart by what can make HAProxy end: the text and the files it names, but not
 * which servers a backend has, nor the entries of its maps. Containers that come and go do not make
 * another text of one that has crashed; a server with other parameters does.
 */
export function structureKey(desired: DesiredState): string {
  const hash = createHash('sha256')
  const seen = new Set<string>()
  for (const part of desired.sections ?? [desired.config]) {
    for (const line of part.split('\n')) {
      const parameters = serverLine.exec(line)?.[1]?.replaceAll(ownParameter, '')
      if (parameters === undefined) seen.clear()
      else if (seen.has(parameters)) continue
      else seen.add(parameters)
      hash.update(parameters === undefined ? `${line}\n` : `server${parameters}\n`)
    }
  }
  for (const [path, content] of desired.files) {
    if (!/\.(?:map|lst|acl)$/.test(path)) hash.update(`\0${path}\0${content}`)
  }
  return hash.digest('hex')
}

const serverLine = /^\s*server\s+\S+\s+\S+(.*)$/
/** What each server has of its own. */
const ownParameter = /\s+(?:cookie|id|weight)\s+\S+|\s+disabled\b/g
