/**
 * A text in UTF-8, block by block. The bytes are good until the next block is asked for: all blocks
 * share one buffer, so that a text of megabytes needs no second copy of itself. `blockLength`: of
 * each but the last, in UTF-16 code units; one more where that would cut a pair of surrogates.
 */
export function* utf8Blocks(
  text: string,
  blockLength: number,
): Generator<Uint8Array, void, undefined> {
  // A code unit makes three bytes at most (a pair of surrogates four).
  const buffer = Buffer.allocUnsafeSlow((Math.min(text.length, blockLength) + 1) * 3)
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = Math.min(text.length, start + blockLength)
    // The two halves of a pair stay together.
    if (end < text.length && isLeading(text.charCodeAt(end - 1))) end += 1
    yield buffer.subarray(0, buffer.write(text.slice(start, end), 'utf8'))
  }
}

function isLeading(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
