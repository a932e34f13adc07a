import { bytesOfText } from '../../go/byte-text.ts'
import { newLine, write } from './output.ts'
import type { Output } from './output.ts'
import { styleOf } from './yaml-style.ts'

/** Behind this column a line ends at its next space. */
const lineWidth = 80

const base64LineLength = 70

const escapes: Readonly<Record<string, string>> = {
  '\0': '0',
  '\u0007': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\u001b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
}

const keptInDoubleQuotes = /^[\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/u

function escaped(character: string): string {
  const short = escapes[character]
  if (short !== undefined) return `\\${short}`
  if (keptInDoubleQuotes.test(character)) return character
  const codePoint = character.codePointAt(0) ?? 0
  const hex = codePoint.toString(16).toUpperCase()
  if (codePoint <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return codePoint <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

type Folding = {
  /** How a character is written. */
  readonly print: (character: string) => string
  /** Whether a line may end at the first or last character. */
  readonly isFreeAtEnds: boolean
  /** What keeps a space that begins a line; undefined: no line ends before a second space. */
  readonly keepsSpace: string | undefined
  readonly canFold: boolean
  readonly indent: number
}

/** Writes a text whose line breaks are escaped, in several lines if it is long and has spaces. */
function writeFolded(output: Output, text: string, folding: Folding): void {
  const characters = Array.from(text)
  if (!folding.canFold || !text.includes(' ')) {
    return write(output, characters.map(folding.print).join(''))
  }
  let isAfterSpace = false
  for (const [index, character] of characters.entries()) {
    const isSpace = character === ' '
    const isNextSpace = characters[index + 1] === ' '
    const isInside = folding.isFreeAtEnds || (index > 0 && index < characters.length - 1)
    const isTooLong = folding.canFold && !isAfterSpace && output.column > lineWidth
    if (isSpace && isTooLong && isInside && (!isNextSpace || folding.keepsSpace !== undefined)) {
      newLine(output, folding.indent)
      if (isNextSpace) write(output, folding.keepsSpace ?? '')
    } else {
      const printed = folding.print(character)
      write(output, printed)
      output.column -= printed.length - Array.from(printed).length
    }
    isAfterSpace = isSpace
  }
}

/** A block of lines behind `|`, each as it is. */
function writeLiteral(output: Output, text: string, indent: number): void {
  const hint = /^[ \n]/.test(text) ? '2' : ''
  const isKept = /(?:^|\n)\n$/.test(text)
  const chomping = isKept ? '+' : ''
  write(output, `|${hint}${text.endsWith('\n') ? chomping : '-'}`)
  const lines = text.split('\n')
  // The last line's end is written by whatever follows the block, further empty lines here.
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) {
    newLine(output, line === '' ? 0 : indent)
    write(output, line)
  }
}

/**
 * Writes a text as libyaml does. `indent` is that of its further lines; a key stands on one line. A
 * text that is not UTF-8 is written in base64.
 */
export function writeText(output: Output, text: string, indent: number, isKey: boolean): void {
  if (/\p{Surrogate}/u.test(text)) return writeBinary(output, text, indent)
  const common = { canFold: !isKey, indent }
  switch (styleOf(text, isKey)) {
    case 'literal':
      return writeLiteral(output, text, indent)
    case 'double':
      write(output, '"')
      writeFolded(output, text, {
        ...common,
        print: escaped,
        isFreeAtEnds: false,
        keepsSpace: '\\',
      })
      return write(output, '"')
    case 'single': {
      const print = (character: string) => (character === "'" ? "''" : character)
      write(output, "'")
      writeFolded(output, text, { ...common, print, isFreeAtEnds: false, keepsSpace: undefined })
      return write(output, "'")
    }
    case 'plain':
      break
  }
  const print = (character: string) => character
  writeFolded(output, text, { ...common, print, isFreeAtEnds: true, keepsSpace: undefined })
}

function writeBinary(output: Output, text: string, indent: number): void {
  const base64 = Buffer.from(bytesOfText(text)).toString('base64')
  write(output, '!!binary ')
  if (base64.length <= base64LineLength) return write(output, base64)
  const lines = base64.match(new RegExp(`.{1,${base64LineLength}}`, 'g')) ?? []
  return writeLiteral(output, `${lines.join('\n')}\n`, indent)
}

/** Whether a text can be a key in front of a colon: one line, and not long. */
export function canBeSimpleKey(text: string): boolean {
  return !text.includes('\n') && Buffer.byteLength(text) <= 128
}
