/**
 * A text on one line without what a terminal obeys: control characters, and those that turn the
 * direction of what follows. Names and labels come from containers, messages may cite them.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, '·')
}

/** Unicode's controls, lone surrogates, line and paragraph separators; UAX #9's marks and controls. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu
