import { encodeName } from '../../haproxy/config/names.ts'
import type { RenderedSection } from './rendered-section.ts'

/**
 * Names for the servers of a backend of which each is another: HAProxy refuses a name that is given
 * twice. A server whose name is one of `repeated` is called by its address, too:
 * `node-10.0.1.7:80`; so it keeps its name whatever else comes and goes. Undefined: its own name.
 */
export function uniqueNames(
  { servers }: Pick<RenderedSection, 'servers'>,
  repeated: ReadonlySet<string>,
): readonly (string | undefined)[] {
  const taken = new Set(servers.map(({ name }) => name).filter((name) => !repeated.has(name)))
  return servers.map(({ name, address }) => {
    if (!repeated.has(name)) return undefined
    const wanted = addressedName(name, address)
    let free = wanted
    for (let count = 2; taken.has(free); count += 1) free = `${wanted}-${count}`
    taken.add(free)
    return free
  })
}

function addressedName(name: string, address: string): string {
  const bare = address.replaceAll(/[[\]]/g, '')
  return `${name}-${/^[A-Za-z0-9_.:-]+$/.test(bare) ? bare : encodeName(bare)}`
}

/** Names that were made like this before, in a text that HAProxy runs: they stay so. */
export function namesByAddress({ servers }: Pick<RenderedSection, 'servers'>): readonly string[] {
  return servers.flatMap(({ name, address }) => {
    const [stem = ''] = name.split(`-${address.replaceAll(/[[\]]/g, '')}`, 1)
    return stem !== '' && stem !== name && addressedName(stem, address) === name ? [stem] : []
  })
}
