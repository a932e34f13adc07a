/** An entry of a map file. */
export type MapLine = { readonly key: string; readonly value: string }

/**
 * The entries of a map file, in order, as HAProxy reads them (configuration.txt §7.3.1, `map`): key,
 * blanks, value. Undefined for what no command can bring: a key without a value, a control character.
 */
export function readMapFile(content: string): MapLine[] | undefined {
  if (control.test(content)) return undefined
  const entries: MapLine[] = []
  for (const line of content.split('\n')) {
    if (line.startsWith('#')) continue
    const text = trimBlanks(line)
    if (text === '') continue
    const keyEnd = text.search(blank)
    if (keyEnd === -1) return undefined
    entries.push({ key: text.slice(0, keyEnd), value: trimBlanks(text.slice(keyEnd)) })
  }
  return entries
}

/**
 * The patterns of an ACL's file: one a line, with the blanks in and after it. Undefined for what no
 * command can bring.
 */
export function readPatternFile(content: string): string[] | undefined {
  if (control.test(content)) return undefined
  const patterns: string[] = []
  for (const line of content.split('\n')) {
    const text = line.startsWith('#') ? '' : line.replace(/^[ \t]+/, '').replace(/\r$/, '')
    if (text !== '') patterns.push(text)
  }
  return patterns
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

/** Whether a command for one entry would take it for something else: `#0x…` names one, `@1` a version. */
export function isReference(word: string): boolean {
  return word.startsWith('#') || word.startsWith('@') || word.startsWith('<<')
}
