/** A number's decimal digits: 0.d₁d₂d₃… × 10^point; zero has no digits. */
export type Decimal = { readonly digits: string; readonly point: number }

/** A finite number without its sign as mantissa × 2^exponent, both exact. */
export function binaryParts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, Math.abs(value))
  const bits = view.getBigUint64(0)
  const biased = Number(bits >> 52n)
  const fraction = bits & 0xfffffffffffffn
  // A subnormal number has the exponent of the smallest normal one and no leading 1.
  if (biased === 0) return { mantissa: fraction, exponent: -1074 }
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

/** The fewest digits that read back as the same number. */
export function shortestDecimal(value: number): Decimal {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '').replace(/0+$/, '')
  return { digits, point: digits === '' ? 0 : Number(exponent) + 1 }
}

/** All digits of a number: each one has finitely many, since 2^-n = 5^n / 10^n. */
function exactDecimal(value: number): Decimal {
  const { mantissa, exponent } = binaryParts(value)
  if (mantissa === 0n) return { digits: '', point: 0 }
  const places = Math.max(0, -exponent)
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(places)
  const digits = whole.toString()
  return { digits: digits.replace(/0+$/, ''), point: digits.length - places }
}

/** A number rounded to `count` digits (may be negative), halves to even. */
export function roundedDecimal(value: number, count: (point: number) => number): Decimal {
  const exact = exactDecimal(value)
  const kept = count(exact.point)
  if (kept >= exact.digits.length) return exact
  if (kept < 0) return { digits: '', point: 0 }
  const head = exact.digits.slice(0, kept)
  const tail = exact.digits.slice(kept)
  const isOdd = kept > 0 && Number(head.at(-1)) % 2 === 1
  const isUp = tail > '5' || (tail === '5' && isOdd)
  if (!isUp) return trimmed(head, exact.point)
  const up = (BigInt(`0${head}`) + 1n).toString().padStart(kept, '0')
  return trimmed(up, exact.point + (up.length - kept))
}

function trimmed(digits: string, point: number): Decimal {
  const kept = digits.replace(/0+$/, '')
  return kept === '' ? { digits: '', point: 0 } : { digits: kept, point }
}
