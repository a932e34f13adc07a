import { callFailure } from '../../go/failure.ts'
import { formatFloat } from '../../go/fmt/float-format.ts'
import { shortestDecimal } from '../../go/fmt/float-decimal.ts'

/** An exact decimal number: coefficient × 10^exponent. */
type Decimal = { readonly coefficient: bigint; readonly exponent: number }

/** How many digits behind the point a quotient has. */
const quotientPlaces = 16

function decimalOf(value: number): Decimal {
  if (!Number.isFinite(value)) {
    throw callFailure(`Cannot create a Decimal from ${formatFloat(value, 'g', -1)}`)
  }
  const { digits, point } = shortestDecimal(value)
  const coefficient = BigInt(digits || '0')
  return { coefficient: value < 0 ? -coefficient : coefficient, exponent: point - digits.length }
}

const numberOf = ({ coefficient, exponent }: Decimal): number =>
  Number(`${coefficient}e${exponent}`)

/** The coefficients of two numbers at the lower one's exponent. */
function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent)
  const at = (value: Decimal) => value.coefficient * 10n ** BigInt(value.exponent - exponent)
  return [at(a), at(b), exponent]
}

function sum(a: Decimal, b: Decimal): Decimal {
  const [first, second, exponent] = aligned(a, b)
  return { coefficient: first + second, exponent }
}

const product = (a: Decimal, b: Decimal): Decimal => ({
  coefficient: a.coefficient * b.coefficient,
  exponent: a.exponent + b.exponent,
})

/** Rounded, halves away from zero. */
function quotient(a: Decimal, b: Decimal): Decimal {
  if (b.coefficient === 0n) throw callFailure('decimal division by 0')
  const [first, second] = aligned(a, b)
  const scaled = first * 10n ** BigInt(quotientPlaces)
  const isNegative = scaled < 0n !== second < 0n
  const [dividend, divisor] = [scaled < 0n ? -scaled : scaled, second < 0n ? -second : second]
  const rounded = (2n * dividend + divisor) / (2n * divisor)
  return { coefficient: isNegative ? -rounded : rounded, exponent: -quotientPlaces }
}

const folding =
  (body: (a: Decimal, b: Decimal) => Decimal) =>
  (first: number, others: readonly number[]): number =>
    numberOf(others.map(decimalOf).reduce(body, decimalOf(first)))

/*
 * Sums, differences, products and quotients of floats as they are written in decimal: 0.1 + 0.2 is
 * 0.3. A TemplateError for what is no finite number, and for a division by 0.
 */
export const decimalAdd = folding(sum)
export const decimalSubtract = folding((a, b) => sum(a, { ...b, coefficient: -b.coefficient }))
export const decimalMultiply = folding(product)
export const decimalDivide = folding(quotient)
