/**
 * Texts one after the other in UTF-8, in blocks. The bytes are good until the next block is asked
 * for: all blocks share one buffer, so that megabytes of text need no second copy of themselves.
 * `blockLength`: of each but the last, in UTF-16 code units; some more where that would cut a pair
 * of surrogates.
 */
export function* utf8Blocks(
  texts: readonly string[],
  blockLength: number,
): Generator<Uint8Array, void, undefined> {
  const total = texts.reduce((sum, text) => sum + text.length, 0)
  let buffer = Buffer.allocUnsafeSlow((Math.min(total, blockLength) + 1) * mostBytesPerUnit)
  let used = 0
  let left = blockLength
  for (const text of texts) {
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = Math.min(text.length, start + left)
      // The two halves of a pair stay together.
      while (end < text.length && isLeading(text.charCodeAt(end - 1))) end += 1
      left -= end - start
      const needed = used + (end - start) * mostBytesPerUnit
      if (needed > buffer.length) buffer = larger(buffer, needed)
      used += buffer.write(start === 0 && end === text.length ? text : text.slice(start, end), used)
      if (left > 0) continue
      yield buffer.subarray(0, used)
      used = 0
      left = blockLength
    }
  }
  if (used > 0) yield buffer.subarray(0, used)
}

/** A code unit makes three bytes at most, a pair of surrogates four. */
const mostBytesPerUnit = 3

/** For a block that leading surrogates without a partner have made longer. */
function larger(buffer: Buffer<ArrayBuffer>, length: number): Buffer<ArrayBuffer> {
  const copy = Buffer.allocUnsafeSlow(length)
  buffer.copy(copy)
  return copy
}

function isLeading(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
