import { textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'

const isLineEnd = (character: string | undefined) => character === '\n' || character === '\r'

/** Where line ends stop. */
function behindLineEnds(text: string, from: number): number {
  let at = from
  while (isLineEnd(text[at])) at++
  return at
}

/**
 * The position that Go names for a text that is not base64, by what it reads: groups of four
 * characters, of which the last may end in `=`, and line ends anywhere. Undefined: it is base64.
 */
function faultIn(text: string, alphabet: RegExp): number | undefined {
  let at = 0
  for (;;) {
    for (let position = 0; position < 4;) {
      const character = text[at]
      if (character === undefined) return position === 0 ? undefined : at - position
      at++
      if (alphabet.test(character)) position++
      else if (character === '=') {
        return position < 2 ? at - 1 : faultBehindPadding(text, at, position)
      } else if (!isLineEnd(character)) return at - 1
    }
  }
}

/** After the first `=`, which stands at the third or fourth place of a group. */
function faultBehindPadding(text: string, from: number, position: number): number | undefined {
  let at = from
  if (position === 2) {
    at = behindLineEnds(text, at)
    if (at === text.length) return at
    if (text[at] !== '=') return at - 1
    at++
  }
  at = behindLineEnds(text, at)
  return at < text.length ? at : undefined
}

/** What a padded base64 text stands for; bytes that are not UTF-8 are kept. */
export function decodedBase64(name: string, text: string, isUrl: boolean): string {
  const bytes = isUrl ? /^[\w-]$/ : /^[A-Za-z0-9+/]$/
  const fault = faultIn(text, bytes)
  if (fault !== undefined) {
    throw callFailure(`${name}: illegal base64 data at input byte ${fault}`)
  }
  return textOfBytes(Buffer.from(text, isUrl ? 'base64url' : 'base64'))
}

export function encodedBase64(bytes: Uint8Array, isUrl: boolean): string {
  const text = Buffer.from(bytes).toString('base64')
  return isUrl ? text.replaceAll('+', '-').replaceAll('/', '_') : text
}
