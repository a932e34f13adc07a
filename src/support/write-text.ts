import type { FileHandle } from 'node:fs/promises'
import { utf8Blocks } from './utf8.ts'

/** A write each: few, but without a second copy of a text of megabytes. */
const blockLength = 512 * 1024

/** Writes texts one after the other, in UTF-8, where the file stands. */
export async function writeText(file: FileHandle, texts: readonly string[]): Promise<void> {
  for (const block of utf8Blocks(texts, blockLength)) {
    for (let at = 0; at < block.length;) {
      const { bytesWritten } = await file.write(block, at, block.length - at)
      at += bytesWritten
    }
  }
}
