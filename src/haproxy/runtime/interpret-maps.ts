import type { MapEntry } from './maps.ts'

/** What a worker knows of its map and ACL files; a pattern of an ACL is an entry without a value. */
export type MapWorld = {
  readonly maps: Map<string, readonly MapEntry[]>
  readonly acls: Map<string, readonly MapEntry[]>
  /** New versions that are not yet committed: `map @N path` → entries. */
  readonly prepared: Map<string, readonly MapEntry[]>
}

/**
 * What one command does to the maps and ACLs, as HAProxy does it on 2.6 to 3.4; undefined for a
 * command that is about neither.
 */
export function interpretMapCommand(
  world: MapWorld,
  words: readonly string[],
  payload: readonly string[] | undefined,
): string | undefined {
  const [verb = '', noun = '', ...rest] = words
  if ((noun !== 'map' && noun !== 'acl') || !verbs.has(verb)) return undefined
  const version = rest[0]?.startsWith('@') === true ? rest[0] : undefined
  const [path = '', key = '', ...value] = version === undefined ? rest : rest.slice(1)
  const store = noun === 'map' ? world.maps : world.acls
  const entries = store.get(path)
  if (entries === undefined) return unknownIdentifier(noun)
  const place = `${noun} ${version} ${path}`
  if (verb === 'prepare') {
    const next = world.prepared.size + 1
    world.prepared.set(`${noun} @${next} ${path}`, [])
    return `[6]: New version created: ${next}`
  }
  if (verb === 'commit') return commit(world, store, path, place)
  const current = version === undefined ? entries : world.prepared.get(place)
  if (current === undefined) return `[3]: Invalid version.`
  const next = payload === undefined ? [{ key, value: value.join(' ') }] : payload.map(entryOf)
  const changed = change(verb, noun, current, next)
  if (typeof changed === 'string') return changed
  if (version === undefined) store.set(path, changed)
  else world.prepared.set(place, changed)
  return ''
}

const verbs = new Set(['add', 'set', 'del', 'clear', 'prepare', 'commit'])

export function unknownIdentifier(noun: string): string {
  return `[3]: Unknown ${noun === 'map' ? 'map' : 'ACL'} identifier. Please use #<id> or <file>.`
}

/** The entries after a command, or why HAProxy refuses it. */
function change(
  verb: string,
  noun: string,
  current: readonly MapEntry[],
  given: readonly MapEntry[],
): readonly MapEntry[] | string {
  if (verb === 'clear') return []
  if (verb === 'add') {
    const empty = noun === 'map' ? given.find(({ value }) => value === '') : undefined
    return empty === undefined
      ? [...current, ...given]
      : `[3]: Missing value for key '${empty.key}'.`
  }
  const [{ key, value } = { key: '', value: '' }] = given
  if (!current.some((entry) => entry.key === key)) {
    return verb === 'set' ? '[3]: entry not found.' : '[3]: Key not found.'
  }
  return verb === 'set'
    ? current.map((entry) => (entry.key === key ? { key, value } : entry))
    : current.filter((entry) => entry.key !== key)
}

function entryOf(line: string): MapEntry {
  const end = line.search(/[ \t]|$/)
  return { key: line.slice(0, end), value: line.slice(end + 1) }
}

function commit(
  world: MapWorld,
  store: Map<string, readonly MapEntry[]>,
  path: string,
  place: string,
): string {
  const next = world.prepared.get(place)
  if (next === undefined) return '[3]: Version number is not known.'
  world.prepared.delete(place)
  store.set(path, next)
  return ''
}
