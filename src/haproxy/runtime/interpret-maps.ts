import type { MapEntry } from './maps.ts'

/** What a worker knows of its map files. */
export type MapWorld = {
  readonly maps: Map<string, readonly MapEntry[]>
  /** New versions that are not yet committed: `@N path` → entries. */
  readonly prepared: Map<string, readonly MapEntry[]>
}

/** What one command does to the maps; undefined for a command that is not about maps. */
export function interpretMapCommand(world: MapWorld, words: readonly string[]): string | undefined {
  const [verb = '', noun, ...rest] = words
  if (noun !== 'map' || !verbs.has(verb)) return undefined
  const version = rest[0]?.startsWith('@') === true ? rest[0] : undefined
  const [path = '', key = '', ...value] = version === undefined ? rest : rest.slice(1)
  const entries = world.maps.get(path)
  if (entries === undefined) return '[3]: Unknown map identifier. Please use #<id> or <file>.'
  if (verb === 'prepare') {
    const next = world.prepared.size + 1
    world.prepared.set(`@${next} ${path}`, [])
    return `[6]: New version created: ${next}`
  }
  if (verb === 'commit') return commit(world, path, `${version} ${path}`)
  const store = version === undefined ? world.maps : world.prepared
  const place = version === undefined ? path : `${version} ${path}`
  const current = store.get(place) ?? []
  const has = current.some((entry) => entry.key === key)
  if (verb === 'clear') store.set(place, [])
  if (verb === 'add') store.set(place, [...current, { key, value: value.join(' ') }])
  if (verb === 'set') {
    if (!has) return '[3]: entry not found.'
    store.set(
      place,
      current.map((entry) => (entry.key === key ? { key, value: value.join(' ') } : entry)),
    )
  }
  if (verb === 'del') {
    if (!has) return '[3]: Key not found.'
    store.set(
      place,
      current.filter((entry) => entry.key !== key),
    )
  }
  return ''
}

const verbs = new Set(['add', 'set', 'del', 'clear', 'prepare', 'commit'])

function commit(world: MapWorld, path: string, place: string): string {
  const next = world.prepared.get(place)
  if (next === undefined) return '[3]: Version number is not known.'
  world.prepared.delete(place)
  world.maps.set(path, next)
  return ''
}
