/**
 * The entries of a map file as HAProxy reads them (configuration.txt §7.3.1, `map`): key, blanks,
 * value. Undefined when they cannot be told apart at runtime: a key given twice, a key without a
 * value, or one that the command line would take for something else (`#…` is a reference there).
 */
export function readMapFile(content: string): Map<string, string> | undefined {
  if (control.test(content)) return undefined
  const entries = new Map<string, string>()
  for (const line of content.split('\n')) {
    if (line.startsWith('#')) continue
    const text = trimBlanks(line)
    if (text === '') continue
    const keyEnd = text.search(blank)
    if (keyEnd === -1) return undefined
    const key = text.slice(0, keyEnd)
    const value = trimBlanks(text.slice(keyEnd))
    if (entries.has(key) || isReference(key) || isReference(value)) return undefined
    entries.set(key, value)
  }
  return entries
}

const blank = /[ \t]/
// A carriage return ends a line of a map file, as a line feed does; no other control fits a command.
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\r(?!\n|$)/

function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13
}

/** `#0x…` names an entry, `@1` a version, `<<` begins a payload on the command line. */
function isReference(word: string): boolean {
  return word.startsWith('#') || word.startsWith('@') || word.startsWith('<<')
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
