/*
 * The replacement of a regular expression's matches, in the syntax of Go's package regexp: `$1`,
 * `$name`, `${1}`, `${name}` and `$$`. A name is as long as it can be, so `$1x` is `${1x}`.
 */

/** A text as it is, or a group's, by number or name. */
type Piece = string | { readonly group: string }

const reference = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu

/** A `$` that begins no reference stands for itself. */
export function parseReplacement(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of text.matchAll(reference)) {
    const [whole, dollar, short, braced] = match
    pieces.push(text.slice(end, match.index))
    pieces.push(dollar ?? { group: short ?? braced ?? '' })
    end = match.index + whole.length
  }
  pieces.push(text.slice(end))
  return pieces
}

/** A number without leading zeros; greater ones than these are names. */
const numberSyntax = /^(?:0|[1-9]\d{0,7})$/

/** The replacement of one match; groups that there are not, or that did not match, are empty. */
export function expanded(
  pieces: readonly Piece[],
  names: Readonly<Record<string, number>>,
  textOf: (group: number) => string,
): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece
      if (numberSyntax.test(piece.group)) return textOf(Number(piece.group))
      const named = Object.hasOwn(names, piece.group) ? names[piece.group] : undefined
      return named === undefined ? '' : textOf(named)
    })
    .join('')
}
