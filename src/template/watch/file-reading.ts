import { readFile, stat } from 'node:fs/promises'
import { textOfBytes } from '../go/byte-text.ts'

/**
 * Reads a file whenever it looks different from the last time: another size, time of change or
 * inode. The result is undefined when it looks the same. Throws what the disk says.
 */
export function fileReading(path: string): () => Promise<{ readonly value: string } | undefined> {
  let looks = ''
  return async () => {
    // Before the content: a change while it is read is seen the next time.
    const { size, mtimeNs, ino } = await stat(path, { bigint: true })
    const now = `${size} ${mtimeNs} ${ino}`
    if (now === looks) return undefined
    const value = textOfBytes(await readFile(path))
    looks = now
    return { value }
  }
}
