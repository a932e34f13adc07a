import { readFile, stat } from 'node:fs/promises'
import { textOfBytes } from '../go/byte-text.ts'
import { defaultLimits } from '../go/limits.ts'

/**
 * Reads a file whenever it looks different from the last time: another size, time of change or
 * inode. The result is undefined when it looks the same. Throws what the disk says, and for what a
 * template could not hold: pipes and devices, which may be read without end, and too large files.
 */
export function fileReading(path: string): () => Promise<{ readonly value: string } | undefined> {
  let looks = ''
  return async () => {
    // Before the content: a change while it is read is seen the next time.
    const found = await stat(path, { bigint: true })
    const { size, mtimeNs, ino } = found
    const now = `${size} ${mtimeNs} ${ino}`
    if (now === looks) return undefined
    const most = defaultLimits.textBytes
    if (!found.isFile()) throw new Error(`${path} is not a regular file`)
    if (size > most) throw new Error(`${path} has more than ${most} bytes`)
    const value = textOfBytes(await readFile(path))
    looks = now
    return { value }
  }
}
