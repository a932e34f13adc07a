import { domainToASCII } from 'node:url'

/** RFC 1035 §2.3.4: a name has at most 253 characters, a label at most 63. */
const longestName = 253
const longestLabel = 63

/**
 * A host name as it stands in the host map: lower case, IDN in its ASCII form, no final dot, no
 * port. `*.example.org` stays a wildcard for exactly one label.
 *
 * Gives the reason instead when it is not a host name. Every name that comes out has letters,
 * digits, `-`, `_` and `.` only (and the leading `*.`), so that it can stand in a map file as it is.
 */
export function hostNameOf(text: string): { readonly name: string } | { readonly reason: string } {
  const given = text
    .trim()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '')
  if (given === '') return { reason: 'it is empty' }
  if (given.length > longestName) return { reason: `it has more than ${longestName} characters` }
  const isWildcard = given.startsWith('*.')
  const base = isWildcard ? given.slice(2) : given
  if (base.includes('*')) return { reason: 'a wildcard is only possible as the whole first label' }
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(base)) {
    return { reason: 'a host name has letters, digits, hyphens and dots only' }
  }
  const ascii = asciiOf(base.toLowerCase())
  if (!isAsciiName(ascii)) return { reason: 'it cannot be written as an internet host name' }
  return { name: isWildcard ? `*.${ascii}` : ascii }
}

/** Plain names are left alone: `domainToASCII` would read `0x7f.1` as the address 127.0.0.1. */
function asciiOf(name: string): string {
  return /^[a-z0-9._-]+$/.test(name) && !name.includes('xn--') ? name : domainToASCII(name)
}

function isAsciiName(name: string): boolean {
  return (
    name.length <= longestName - 2 &&
    name
      .split('.')
      .every(
        (label) => label.length <= longestLabel && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label),
      )
  )
}
