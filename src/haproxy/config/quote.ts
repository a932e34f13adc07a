/** Characters that mean nothing to HAProxy's word splitter (configuration.txt §2.2). */
const bareWord = /^[A-Za-z0-9_.,:;/@%+=~?!*()[\]{}|<>&^-]+$/

/**
 * One word of a HAProxy configuration that stands for exactly `value`, whatever is in it: bare where
 * nothing in it is special, else in single quotes, else in double quotes with escapes. Round-tripped
 * on HAProxy 2.6 to 3.2.
 *
 * This guards the splitting into words only. What a keyword then makes of its word (`%[…]` in a log
 * format, `-f` before an ACL value) is the caller's care: validate by type first.
 *
 * Throws RangeError for an empty value (HAProxy ends the line there, silently) and for NUL.
 */
export function quoteWord(value: string): string {
  if (value === '') throw new RangeError('an empty word ends a HAProxy line')
  if (value.includes('\0')) throw new RangeError('NUL cannot be written in a HAProxy configuration')
  if (bareWord.test(value)) return value
  if (!value.includes("'") && !hasControl(value)) return `'${value}'`
  // oxlint-disable-next-line no-control-regex
  return `"${value.replaceAll(/["\\$]|[\u0001-\u001f\u007f]/g, escapeOne)}"`
}

function hasControl(value: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0001-\u0008\u000a-\u001f\u007f]/.test(value)
}

function escapeOne(character: string): string {
  switch (character) {
    case '\n':
      return String.raw`\n`
    case '\r':
      return String.raw`\r`
    case '\t':
      return String.raw`\t`
    case '"':
    case '\\':
    case '$':
      return `\\${character}`
    default:
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  }
}
