import { compareBytes } from '../../go/byte-text.ts'

/** A version by Semantic Versioning 2. */
export type Version = {
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly prerelease: string
  readonly metadata: string
  readonly original: string
}

const suffix = String.raw`(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?`
const versionPattern = new RegExp(
  String.raw`^v?([0-9]{1,20})(?:\.([0-9]{1,20}))?(?:\.([0-9]{1,20}))?${suffix}$`,
)

/** A version, of which the last numbers may be missing; undefined for what is none. */
export function parseVersion(text: string): Version | undefined {
  const found = versionPattern.exec(text)
  if (found === null) return undefined
  const [, major = '0', minor = '0', patch = '0', prerelease = '', metadata = ''] = found
  const hasLeadingZero = prerelease.split('.').some((part) => /^0[0-9]+$/.test(part))
  if (hasLeadingZero) return undefined
  const numbers = [BigInt(major), BigInt(minor), BigInt(patch)] as const
  return { numbers, prerelease, metadata, original: text }
}

/** A version in full: `1.2.3-rc.1+build`. */
export function versionText({ numbers, prerelease, metadata }: Version): string {
  const tail = (prerelease && `-${prerelease}`) + (metadata && `+${metadata}`)
  return numbers.join('.') + tail
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  const [isNumber, isOtherNumber] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)]
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  if (isNumber && a.length !== b.length) return a.length - b.length
  return compareBytes(a, b)
}

function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0
  // A version comes after all its prereleases.
  if (a === '' || b === '') return a === '' ? 1 : -1
  const [parts, others] = [a.split('.'), b.split('.')]
  for (let at = 0; at < Math.max(parts.length, others.length); at++) {
    const order = comparePart(parts[at], others[at])
    if (order !== 0) return order
  }
  return 0
}

/** Negative, zero or positive, by precedence. */
export function compareVersions(a: Version, b: Version): number {
  for (const [at, number] of a.numbers.entries()) {
    const other = b.numbers[at] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  return comparePrereleases(a.prerelease, b.prerelease)
}
