import { runeCount } from '../byte-text.ts'

/** What stands between the percent sign of a format and its verb (Go's package fmt). */
export type Flags = {
  readonly isPlus: boolean
  readonly isMinus: boolean
  readonly isSharp: boolean
  readonly isSpace: boolean
  readonly isZero: boolean
  /** `%+v`: structs with the names of their fields. */
  readonly isPlusV: boolean
  /** `%#v`: values as Go's source has them. */
  readonly isSharpV: boolean
  /** The least width, in runes. */
  readonly width: number | undefined
  readonly precision: number | undefined
}

export const noFlags: Flags = {
  isPlus: false,
  isMinus: false,
  isSharp: false,
  isSpace: false,
  isZero: false,
  isPlusV: false,
  isSharpV: false,
  width: undefined,
  precision: undefined,
}

/** Whether zeros fill the width: only to the left. */
export function fillsWithZeros({ isZero, isMinus }: Flags): boolean {
  return isZero && !isMinus
}

/** A text brought to the width that is asked for. */
export function pad(text: string, flags: Flags): string {
  if (flags.width === undefined) return text
  const missing = flags.width - runeCount(text)
  if (missing <= 0) return text
  if (flags.isMinus) return text + ' '.repeat(missing)
  return (fillsWithZeros(flags) ? '0' : ' ').repeat(missing) + text
}

/** As {@link pad}, with spaces only. */
export function padWithSpaces(text: string, flags: Flags): string {
  return pad(text, { ...flags, isZero: false })
}
