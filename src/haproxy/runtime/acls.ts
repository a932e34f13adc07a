import { refusalOf } from './replies.ts'
import { escapeWord } from './words.ts'

export function showAclCommand(path: string): string {
  return `show acl ${escapeWord(path)}`
}

/** Reads `show acl <file>`: one `<address> <pattern>` a line. Undefined when there is no such file. */
export function parseAcl(reply: string): string[] | undefined {
  if (refusalOf(reply) !== undefined) return undefined
  return reply.split('\n').flatMap((line) => {
    const pattern = /^0x[0-9a-f]+ (.*)$/.exec(line)?.[1]
    return pattern === undefined ? [] : [pattern]
  })
}
