/** One line of a crt-list: `<certificate> [<bind options>] <SNI filters>` (configuration.txt §5.1). */
export type CrtListEntry = {
  /** As written; a relative one stands behind `crt-base`. */
  readonly certificate: string
  /** What is in brackets, blanks made one. */
  readonly options: string
  readonly filters: readonly string[]
}

/** The entries of a crt-list, in order. Undefined for a line that cannot be read. */
export function crtListEntries(content: string): CrtListEntry[] | undefined {
  const entries: CrtListEntry[] = []
  for (const line of content.split('\n')) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const match = /^([^\s[\]]+)(?:\s+\[([^[\]]*)\])?((?:\s+[^\s[\]]+)*)$/.exec(text)
    // Quotes and escapes mean something to HAProxy here, as in a configuration.
    if (match === null || /["'\\]/.test(text)) return undefined
    const [, certificate = '', options = '', filters = ''] = match
    entries.push({
      certificate,
      options: options.trim().replaceAll(/\s+/g, ' '),
      filters: filters.split(/\s+/).filter((filter) => filter !== ''),
    })
  }
  return entries
}
