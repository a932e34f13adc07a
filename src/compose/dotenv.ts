import { interpolate } from './interpolate.ts'
import type { Lookup } from './interpolate.ts'

/**
 * Reads a `.env` file, or one that `env_file` or `label_file` names: `NAME=value` a line, `#` for
 * comments, `export` before it or not. Within single quotes a value stands as it is; else variables
 * of the lines before and of `lookup` are put in place, and in double quotes `\n` and the like too.
 */
export function parseDotenv(text: string, lookup: Lookup): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([^\s=:#]+)\s*[=:]\s*(.*)$/.exec(line)
    if (match === null) continue
    const [, name = '', given = ''] = match
    found.set(
      name,
      valueOf(given, (each) => lookup(each) ?? found.get(each)),
    )
  }
  return found
}

function valueOf(given: string, lookup: Lookup): string {
  const literal = /^'([^']*)'/.exec(given)?.[1]
  if (literal !== undefined) return literal
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(given)?.[1]
  if (quoted === undefined) return expanded(given.replace(/(^|\s)#.*$/, '').trim(), lookup)
  return expanded(
    quoted.replaceAll(/\\([nrt"\\])/g, (_, letter: string) => escapes[letter] ?? letter),
    lookup,
  )
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** What cannot be read stays as it is, as in a shell. */
function expanded(text: string, lookup: Lookup): string {
  const result = interpolate(text, lookup)
  return 'text' in result ? result.text : text
}
