import { callFailure } from '../../go/failure.ts'
import { compareVersions, parseVersion } from './semver.ts'
import type { Version } from './semver.ts'

/** One comparison: `>= 1.2`, `~1`, `2.x`. */
type Constraint = {
  readonly operator: string
  readonly version: Version
  /** How many of the three numbers are given, and no wildcards. */
  readonly given: number
}

const operators: Readonly<Record<string, string>> = { '=>': '>=', '=<': '<=', '~>': '~', '': '=' }

const number = String.raw`v?(?:[0-9]+|[xX*])(?:\.(?:[0-9]+|[xX*]))?(?:\.(?:[0-9]+|[xX*]))?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?`
const comparison = String.raw`(?:=>|=<|~>|>=|<=|!=|[=><~^])?\s*${number}`
const alternative = new RegExp(String.raw`^\s*${comparison}(?:(?:\s*,\s*|\s+)${comparison})*\s*$`)
const oneComparison = new RegExp(String.raw`(=>|=<|~>|>=|<=|!=|[=><~^])?\s*(${number})`, 'g')
const hyphenated = new RegExp(String.raw`(?<![^\s,])(${number})\s+-\s+(${number})`, 'g')

function constraintOf(operator: string, text: string): Constraint {
  const bare = text.replace(/^v/, '')
  const [numbers = '', ...tail] = bare.split(/(?=[-+])/)
  const segments = numbers.split('.')
  const wildcard = segments.findIndex((segment) => /^[xX*]$/.test(segment))
  const given = wildcard < 0 ? segments.length : wildcard
  const full = [0, 1, 2].map((at) => (at < given ? (segments[at] ?? '0') : '0')).join('.')
  const version = parseVersion(wildcard < 0 ? full + tail.join('') : full)
  if (version === undefined) throw callFailure(`improper constraint: ${operator}${text}`)
  return { operator: operators[operator] ?? operator, version, given }
}

/** Of the text of all constraints. */
const greatestLength = 1000

/** The alternatives of a text, each with comparisons that must all hold. */
function parseConstraints(text: string): readonly (readonly Constraint[])[] {
  if (text.length > greatestLength) throw callFailure('improper constraint: too long')
  return text.split('||').map((part) => {
    const plain = part.replaceAll(hyphenated, '>=$1 <=$2')
    if (!alternative.test(plain)) throw callFailure(`improper constraint: ${text}`)
    return Array.from(plain.matchAll(oneComparison), ([, operator = '', version = '']) =>
      constraintOf(operator, version),
    )
  })
}

/** Whether the first numbers of a version are those of another. */
function agrees(version: Version, other: Version, count: number): boolean {
  return version.numbers.slice(0, count).every((value, at) => value === other.numbers[at])
}

/** `^1.2` may change what is behind the first number that is not 0. */
function isCompatible(version: Version, { version: least, given }: Constraint): boolean {
  const firstFixed = least.numbers.findIndex((value) => value !== 0n)
  const count = firstFixed < 0 || firstFixed >= given ? given : firstFixed + 1
  return agrees(version, least, count)
}

function holds(constraint: Constraint, version: Version): boolean {
  const { operator, version: wanted, given } = constraint
  // A prerelease is only meant by who names one.
  if (version.prerelease !== '' && wanted.prerelease === '' && operator !== '!=') return false
  const order = compareVersions(version, wanted)
  const isWithin = given < 3 && agrees(version, wanted, given)
  switch (operator) {
    case '=':
      return given < 3 ? isWithin : order === 0
    case '!=':
      return given < 3 ? !isWithin : order !== 0
    case '>':
      return order > 0 && !isWithin
    case '<':
      return order < 0
    case '>=':
      return order >= 0
    case '<=':
      return order <= 0 || isWithin
    case '~':
      return order >= 0 && agrees(version, wanted, Math.min(given, 2))
    default:
      return order >= 0 && isCompatible(version, constraint)
  }
}

/** Whether a version is among those that a text like `>=1.2, <2 || ~3.1` names. */
export function satisfies(text: string, version: Version): boolean {
  return parseConstraints(text).some((constraints) =>
    constraints.every((constraint) => holds(constraint, version)),
  )
}
