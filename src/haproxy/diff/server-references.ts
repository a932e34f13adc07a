import { linesWith } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'
import { hasServers } from './layout.ts'
import type { Layout, PlacedSection } from './layout.ts'
import { settingsNamed } from './settings.ts'

/**
 * The servers, as `backend/server`, that other lines of a text refer to: HAProxy keeps them until
 * its next reload, also when these lines have gone meanwhile (tried on 2.6, 3.0 and 3.4). The same
 * section is searched once.
 */
export function referencedServers(layout: Layout): ReadonlySet<string> {
  const found = new Map<string, readonly string[]>()
  const all = new Set<string>()
  for (const section of layout.sections.values()) {
    // Its name stands in its text.
    const own = lastFound.get(section.text) ?? referencesIn(section)
    found.set(section.text, own)
    for (const key of own) all.add(key)
  }
  lastFound = found
  return all
}

let lastFound: ReadonlyMap<string, readonly string[]> = new Map()

function referencesIn(section: PlacedSection): string[] {
  const keys = [...trackedBy(section), ...namedInExpressions(section)]
  if (hasServers(section)) {
    keys.push(...settingsNamed(section, 'use-server').map(({ words }) => words[0] ?? ''))
  }
  return keys.map((key) => (key.includes('/') ? key : `${section.name}/${key}`))
}

/** `track [BACKEND/]SERVER` of its servers (configuration.txt §5.2). */
function* trackedBy(section: PlacedSection): Generator<string> {
  for (const { text, number } of linesWith(section, ' track ')) {
    const words = splitWords(text, number)
    const key = words[words.indexOf('track') + 1]
    if (words.includes('track') && key !== undefined) yield key
  }
}

/** `srv_conn([BACKEND/]SERVER)` and the like (configuration.txt §7.3.2). */
function* namedInExpressions(section: PlacedSection): Generator<string> {
  for (const { text } of linesWith(section, 'srv_')) {
    for (const [, key = ''] of text.matchAll(/\bsrv_[a-z_]+\(\s*([\w.:/-]+)\s*\)/g)) yield key
  }
}
