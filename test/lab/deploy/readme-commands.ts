import { readFileSync } from 'node:fs'

/** The commands of a README, by the word behind `sh` that says where they are given. */
export type ReadmeCommands = (where: string) => readonly string[]

/**
 * Reads the shell blocks of a README. A block that begins with ```` ```sh nodes ```` is found as
 * `nodes`; several of one word follow each other. A line that ends in `\` goes on in the next.
 */
export function readmeCommands(path: string): ReadmeCommands {
  const text = readFileSync(path, 'utf8')
  const blocks = [...text.matchAll(/^```sh +([\w-]+)\n([\s\S]*?)^```$/gm)]
  return (where) => {
    const found = blocks.filter(([, word]) => word === where)
    if (found.length === 0) throw new Error(`${path} has no block of commands called ${where}`)
    return found.flatMap(([, , body = '']) => lines(body))
  }
}

function lines(body: string): readonly string[] {
  const joined = body.replaceAll(/\s*\\\n\s*/g, ' ')
  return joined.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
}
