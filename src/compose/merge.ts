import { mapping, scalar } from './tree.ts'
import type { Entry, Mapping, Value } from './tree.ts'

/**
 * Lays one value over another as Compose does (compose-spec, Merge): mappings key by key, lists one
 * after the other, else the later one counts. `!override` replaces, `!reset` takes away.
 */
export function mergeValues(base: Value, over: Value): Value {
  if (over.tag === 'override') return over
  if (over.kind === 'scalar' && over.isNull) return base
  if (base.kind === 'map' && over.kind === 'map') return mergeMappings(base, over)
  if (base.kind === 'list' && over.kind === 'list') {
    return { ...over, items: [...base.items, ...over.items] }
  }
  return over
}

export function mergeMappings(base: Mapping, over: Mapping): Mapping {
  const entries = new Map(base.entries)
  for (const [key, entry] of over.entries) {
    const before = entries.get(key)
    if (entry.value.tag === 'reset') entries.delete(key)
    else if (before === undefined) entries.set(key, entry)
    else entries.set(key, { at: entry.at, value: mergeValues(before.value, entry.value) })
  }
  return { ...over, entries }
}

/** Keys that may be a list `NAME=value` or a mapping, and the text of an item without a value. */
const listedMappings = ['labels', 'environment', 'networks', 'depends_on']

/** A service (or its `deploy`) with lists as mappings where both mean the same, ready to be merged. */
export function normalised(service: Value): Value {
  if (service.kind !== 'map') return service
  const entries = new Map(service.entries)
  for (const key of listedMappings) {
    const entry = entries.get(key)
    if (entry?.value.kind !== 'list') continue
    // What is no list of texts stays as it is, and is named when the service is read.
    if (!entry.value.items.every(({ kind }) => kind === 'scalar')) continue
    const splitsValues = key === 'labels' || key === 'environment'
    entries.set(key, { at: entry.at, value: asMapping(entry.value, splitsValues) })
  }
  const deploy = entries.get('deploy')
  if (deploy !== undefined) entries.set('deploy', { ...deploy, value: normalised(deploy.value) })
  return { ...service, entries }
}

/** `- NAME` without a value has none: null. */
function asMapping(list: Value & { kind: 'list' }, splitsValues: boolean): Mapping {
  const entries = new Map<string, Entry>()
  for (const item of list.items) {
    if (item.kind !== 'scalar') continue
    const { at, text } = item
    const equals = splitsValues ? text.indexOf('=') : -1
    const value =
      equals === -1 ? { ...scalar('', at), isNull: true } : scalar(text.slice(equals + 1), at)
    entries.set(equals === -1 ? text : text.slice(0, equals), { at, value })
  }
  return { ...mapping(entries, list.at), tag: list.tag }
}
