/**
 * HAProxy allows `[A-Za-z0-9_.:-]` in names (configuration.txt §2.4). Endpoint ids and service names
 * may hold anything, so they are encoded, one-to-one and readable: a byte that is not allowed, or a
 * `:` that could be read as the start of an escape, becomes `::` and two hexadecimal digits.
 *
 * `pi1:web.1:80` stays as it is; `a b` becomes `a::20b`.
 */
export function encodeName(name: string): string {
  const bytes = Buffer.from(name, 'utf8')
  let encoded = ''
  for (const [index, byte] of bytes.entries()) {
    const character = String.fromCharCode(byte)
    const isPlain = plain.test(character)
    const isLoneColon =
      character === ':' &&
      (index + 1 === bytes.length || plain.test(String.fromCharCode(bytes[index + 1] ?? 0)))
    encoded += isPlain || isLoneColon ? character : `::${byte.toString(16).padStart(2, '0')}`
  }
  return encoded
}

/** The name that `encodeName` made this of; undefined for a name it never makes. */
export function decodeName(encoded: string): string | undefined {
  const bytes: number[] = []
  for (let index = 0; index < encoded.length;) {
    if (encoded.startsWith('::', index)) {
      const digits = encoded.slice(index + 2, index + 4)
      if (!/^[0-9a-f]{2}$/.test(digits)) return undefined
      bytes.push(Number.parseInt(digits, 16))
      index += 4
    } else {
      bytes.push(encoded.charCodeAt(index))
      index += 1
    }
  }
  const name = Buffer.from(bytes).toString('utf8')
  return encodeName(name) === encoded ? name : undefined
}

const plain = /^[A-Za-z0-9_.-]$/
