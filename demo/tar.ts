/** A file, a link or a folder of an archive; `path` without a leading slash. */
export type TarEntry =
  | {
      readonly type: 'file'
      readonly path: string
      readonly mode: number
      readonly content: Buffer
    }
  | { readonly type: 'folder'; readonly path: string; readonly mode: number }

const blockBytes = 512
const folderFlag = '5'
const fileFlag = '0'

/**
 * Writes a tar archive in POSIX ustar format, piece by piece, without copying file contents.
 *
 * Everything belongs to root and has the time 0, so that equal contents give equal archives.
 * Paths are at most 100 bytes; a longer one throws RangeError.
 */
export function* tar(entries: readonly TarEntry[]): Generator<Buffer> {
  for (const entry of entries) {
    const content = entry.type === 'file' ? entry.content : Buffer.alloc(0)
    yield header(entry, content.length)
    yield content
    yield Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
  }
  yield Buffer.alloc(2 * blockBytes)
}

// Field offsets and widths: POSIX.1-1988 ustar, as tar(5) lists them.
function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new RangeError(`path too long: ${entry.path}`)
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, '0')
  block.write(entry.path, 0)
  block.write(octal(entry.mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(0, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write(entry.type === 'folder' ? folderFlag : fileFlag, 156)
  block.write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 7)}\u0000 `, 148)
  return block
}
