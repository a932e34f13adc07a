import type { RunningBackend, RunningServer } from '../control.ts'

/** What a worker knows of its backends, as far as commands can change it. */
export type BackendWorld = {
  readonly backends: Map<string, RunningBackend>
  /** By `backend/server`. */
  readonly servers: ReadonlyMap<string, RunningServer>
}

/**
 * What one command does to the backends, as HAProxy 3.4 does it: changes `world` and gives the reply
 * with its severity. Undefined for a command that is not about backends.
 */
export function interpretBackendCommand(
  { backends, servers }: BackendWorld,
  [verb = '', noun = '', name = '']: readonly string[],
): string | undefined {
  if (noun !== 'backend') return undefined
  const known = backends.get(name)
  if (verb === 'add') {
    if (known !== undefined) {
      return `[3]: Error during backend creation : name is already used by other proxy 'backend ${name}'.`
    }
    backends.set(name, { isPublished: false })
    return '[6]: New backend registered.'
  }
  if (!['publish', 'unpublish', 'del'].includes(verb)) return undefined
  if (known === undefined) return '[3]: No such backend.'
  if (verb !== 'del') {
    backends.set(name, { isPublished: verb === 'publish' })
    return `[6]: Backend ${verb}ed.`
  }
  if (known.isPublished) return '[3]: Backend must be unpublished prior to its deletion.'
  if ([...servers.keys()].some((key) => key.startsWith(`${name}/`))) {
    return '[3]: Only a backend without server can be deleted.'
  }
  backends.delete(name)
  return '[6]: Backend deleted.'
}
