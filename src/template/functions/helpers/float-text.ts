const digits = String.raw`\d+(?:_\d+)*`
const hexDigits = String.raw`[\da-f]+(?:_[\da-f]+)*`

const decimalSyntax = new RegExp(
  `^[+-]?(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:e[+-]?${digits})?$`,
  'i',
)
const hexSyntax = new RegExp(
  `^([+-]?)0x_?((?:${hexDigits})?)(?:\\.((?:${hexDigits})?))?p([+-]?${digits})$`,
  'i',
)
const wordSyntax = /^([+-]?)inf(?:inity)?$/i

/**
 * A number as Go's strconv.ParseFloat reads it, with hexadecimal ones, `inf` and `NaN`; else what
 * is wrong.
 */
export function floatOf(text: string): number | 'invalid syntax' | 'value out of range' {
  if (/^nan$/i.test(text)) return Number.NaN
  const [, infinite] = wordSyntax.exec(text) ?? []
  if (infinite !== undefined) return infinite === '-' ? -Infinity : Infinity
  const plain = text.replaceAll('_', '')
  const value = decimalSyntax.test(text) ? Number(plain) : hexOf(text)
  if (value === undefined) return 'invalid syntax'
  return Number.isFinite(value) ? value : 'value out of range'
}

/** Significant bits that a float64 has, and where its exponents end. */
const significantBits = 53
const leastExponent = -1074

function hexOf(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', exponentText = ''] = hexSyntax.exec(text) ?? []
  if (sign === undefined || whole + fraction === '') return undefined
  const written = (whole + fraction).replaceAll('_', '').replace(/^0+/, '')
  if (written === '') return sign === '-' ? -0 : 0
  const places = fraction.replaceAll('_', '').length
  // More digits than these do not matter but for whether there are any.
  const kept = written.slice(0, 32)
  const isExact = /^0*$/.test(written.slice(32))
  const mantissa = BigInt(`0x${kept}`) * 2n + (isExact ? 0n : 1n)
  const exponent =
    Number(exponentText.replaceAll('_', '')) - 4 * places + 4 * (written.length - kept.length) - 1
  const value = scaled(mantissa, exponent)
  return sign === '-' ? -value : value
}

/** `mantissa * 2^exponent`, rounded once, to the nearest even float64. */
function scaled(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length
  const dropped = Math.max(bits - significantBits, leastExponent - exponent, 0)
  if (dropped > bits + 1) return 0
  const divisor = 1n << BigInt(dropped)
  const rest = mantissa % divisor
  let kept = mantissa / divisor
  if (rest * 2n > divisor || (rest * 2n === divisor && kept % 2n === 1n)) kept += 1n
  const power = exponent + dropped
  if (power > 1100) return Infinity
  // In two steps, since 2^power alone may be beyond what a float64 holds.
  const half = Math.trunc(power / 2)
  return Number(kept) * 2 ** half * 2 ** (power - half)
}
