import { refusalOf } from './replies.ts'
import { escapeWord } from './words.ts'

export function showCrtListCommand(path: string): string {
  return `show ssl crt-list ${escapeWord(path)}`
}

/** An entry of a crt-list without its options, which HAProxy writes in its own way. */
export type ListedCertificate = {
  readonly certificate: string
  readonly filters: readonly string[]
}

/** Reads `show ssl crt-list <file>`: a comment, then a line an entry. Undefined when there is none. */
export function parseCrtList(reply: string): ListedCertificate[] | undefined {
  if (refusalOf(reply) !== undefined) return undefined
  return reply.split('\n').flatMap((line) => {
    const match = /^([^#\s]\S*)(?: \[[^\]]*\])?(.*)$/.exec(line)
    if (match === null) return []
    const [, certificate = '', filters = ''] = match
    return [{ certificate, filters: filters.split(' ').filter((filter) => filter !== '') }]
  })
}
