import { firstWord, linesOf } from '../../haproxy/config/sections.ts'
import type { SectionText } from '../../haproxy/config/sections.ts'
import { splitWords } from '../../haproxy/config/split-words.ts'

/** A `server` line of a backend (configuration.txt §5.2). */
export type RenderedServer = {
  readonly name: string
  /** As written. */
  readonly address: string
  readonly isDisabled: boolean
  /** Its line, counted from 0 at the section's header. */
  readonly line: number
}

/** A section of a rendered text, with what of it may be written otherwise. */
export type RenderedSection = {
  readonly text: string
  /** Of a backend, else empty. */
  readonly name: string
  readonly servers: readonly RenderedServer[]
  /** Names that more than one server has. */
  readonly repeated: ReadonlySet<string>
}

/** What a server line is to say otherwise; undefined: what it says. */
export type ServerEdit = {
  readonly name: string | undefined
  readonly isDisabled: boolean
  readonly weight: number | undefined
}

/**
 * Reads the servers of a section: of a `backend` or `listen`; others have none that are balanced.
 * Throws ConfigSyntaxError.
 */
export function readSection(section: SectionText): RenderedSection {
  const { text, keyword, line, hasDirectives } = section
  const isBackend = keyword === 'backend' || keyword === 'listen'
  if (!isBackend) return { text, name: '', servers: [], repeated: new Set() }
  const lines = linesOf(section)
  const name = splitWords(lines[0]?.text ?? '', line)[1] ?? ''
  const servers: RenderedServer[] = []
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const [index, { text: own, number }] of lines.entries()) {
    if (!own.includes('server') || firstWord(own, 0, number) !== 'server') continue
    const [, server = '', address = '', ...rest] = splitWords(own, number)
    const isDisabled = rest.lastIndexOf('disabled') > rest.lastIndexOf('enabled')
    servers.push({ name: server, address, isDisabled, line: index })
    // Of lines under conditions not all need count.
    if (seen.has(server) && !hasDirectives) repeated.add(server)
    seen.add(server)
  }
  return { text, name, servers, repeated }
}

/** The section's text with these edits, by the place of the server in the list. */
export function writeSection(
  { text, servers }: RenderedSection,
  edits: ReadonlyMap<number, ServerEdit>,
): string {
  if (edits.size === 0) return text
  const lines = text.split('\n')
  for (const [index, edit] of edits) {
    const server = servers[index]
    if (server === undefined) continue
    lines[server.line] = edited(lines[server.line] ?? '', server, edit)
  }
  return lines.join('\n')
}

const parts = /^([ \t]*server[ \t]+)(\S+)([ \t]+)(\S+)(.*)$/

/**
 * A line whose name or address is written with quotes or escapes stays as it is: what it lacks then
 * is only said by a command.
 */
function edited(line: string, server: RenderedServer, edit: ServerEdit): string {
  const [, start = '', name, gap = '', address, rest = ''] = parts.exec(line) ?? []
  if (name !== server.name || address !== server.address) return line
  const disabled = edit.isDisabled && !server.isDisabled ? ' disabled' : ''
  const words = edit.weight === undefined ? rest : rest.replaceAll(/[ \t]weight[ \t]+\d+/g, '')
  const weight = edit.weight === undefined ? '' : ` weight ${edit.weight}`
  return `${start}${edit.name ?? name}${gap}${address}${disabled}${weight}${words}`
}
