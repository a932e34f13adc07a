/**
 * The entries of a map file as HAProxy reads them (configuration.txt §7.3.1, `map`): key, blanks,
 * value. Undefined when they cannot be told apart at runtime: a key given twice, a key without a
 * value, or one that the command line would take for something else (`#…` is a reference there).
 */
export function readMapFile(content: string): Map<string, string> | undefined {
  const entries = new Map<string, string>()
  for (const line of content.split('\n')) {
    if (line.startsWith('#')) continue
    const text = line.replace(/\r.*$/s, '').replace(/^[ \t]+|[ \t]+$/g, '')
    if (text === '') continue
    const match = /^([^ \t]+)[ \t]+(.+)$/s.exec(text)
    const [, key = '', value = ''] = match ?? []
    if (match === null || entries.has(key) || isUnsafe(key) || isUnsafe(value)) return undefined
    entries.set(key, value)
  }
  return entries
}

function isUnsafe(word: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^(?:#|<<|@)|[\u0000-\u0008\u000a-\u001f\u007f]/.test(word)
}

/**
 * How the configuration uses a file: `unordered` as a map of which the longest or only match
 * counts, `ordered` as one of which the first match counts, `other` in any other way.
 */
export function fileUse(config: string, path: string): 'unordered' | 'ordered' | 'other' {
  let use: 'unordered' | 'ordered' | 'other' | undefined
  for (let at = config.indexOf(path); at !== -1; at = config.indexOf(path, at + 1)) {
    const lineStart = config.lastIndexOf('\n', at) + 1
    if (/^[ \t]*#/.test(config.slice(lineStart, at + 1))) continue
    const converter = /(?:^|[^A-Za-z0-9_])map(?:_([a-z]+))?[a-z_]*\($/.exec(
      config.slice(lineStart, at),
    )
    const next = config.charAt(at + path.length)
    // Part of a longer path: another file.
    if (converter !== null && next !== ',' && next !== ')') continue
    if (converter === null) return 'other'
    if (!/^(?:str|beg|ip)$/.test(converter[1] ?? 'str')) use = 'ordered'
    use ??= 'unordered'
  }
  return use ?? 'other'
}
