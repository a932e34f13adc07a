import { createHash } from 'node:crypto'

const mark = '\0sha256:'

/** The content of a file that is there, but of which not even a digest is known; it is like no other. */
export const unknownContent = mark

/**
 * Stands for the content of a file where only its sameness counts, so that no private key is kept:
 * `\0sha256:<hex>`. No text file that HAProxy reads begins with NUL.
 */
export function fileDigest(content: string): string {
  if (isDigest(content)) return content
  return `${mark}${createHash('sha256').update(content).digest('hex')}`
}

export function isDigest(content: string): boolean {
  return content.startsWith(mark)
}

/** Whether both are the same content, either of them as its digest. */
export function isSameContent(one: string, other: string): boolean {
  if (one === other) return one !== unknownContent
  if (isDigest(one) === isDigest(other)) return false
  return fileDigest(one) === fileDigest(other)
}

/** Files with those that hold a private key as their digests; unchanged where there is none. */
export function withoutKeys(files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const keys = [...files].filter(([, content]) => content.includes('PRIVATE KEY-----'))
  if (keys.length === 0) return files
  return new Map([...files, ...keys.map(([path, key]) => [path, fileDigest(key)] as const)])
}
