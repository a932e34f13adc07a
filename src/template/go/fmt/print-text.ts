import { bytesOfText, firstRunes } from '../byte-text.ts'
import { canBackquote, quote } from '../quote.ts'
import { pad } from './flags.ts'
import type { Flags } from './flags.ts'

/** A text in the format of a verb; undefined if the verb is none for strings. */
export function printText(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.isSharpV ? quoted(text, flags) : pad(truncated(text, flags), flags)
    case 's':
      return pad(truncated(text, flags), flags)
    case 'q':
      return quoted(text, flags)
    case 'x':
      return printHex(bytesOfText(text), false, flags)
    case 'X':
      return printHex(bytesOfText(text), true, flags)
    default:
      return undefined
  }
}

/** The precision counts runes. */
function truncated(text: string, { precision }: Flags): string {
  if (precision === undefined || text.length <= precision) return text
  return firstRunes(text, precision)
}

function quoted(text: string, flags: Flags): string {
  const kept = truncated(text, flags)
  if (flags.isSharp && canBackquote(kept)) return pad(`\`${kept}\``, flags)
  return pad(quote(kept, { isAscii: flags.isPlus }), flags)
}

/** Bytes in hexadecimal; the precision counts bytes. */
function printHex(bytes: Uint8Array, isUpper: boolean, flags: Flags): string {
  const kept = bytes.subarray(0, flags.precision ?? bytes.length)
  const prefix = flags.isSharp ? '0x' : ''
  const digits = Buffer.from(kept).toString('hex')
  const isSpaced = flags.isSpace && kept.length > 0
  let text = digits === '' ? '' : prefix + digits
  if (isSpaced) text = digits.replaceAll(/../g, (pair) => ` ${prefix}${pair}`).slice(1)
  return pad(isUpper ? text.toUpperCase() : text, flags)
}
