import { corpus, pieces } from './corpus.ts'
import type { Random } from './random.ts'

/** A configuration text: put together from pieces, or from the corpus with a few changes. */
export function anyConfig(random: Random): string {
  const kind = random.below(4)
  if (kind === 0) return anyText(random, 60)
  if (kind === 1) return anyLines(random)
  return mutate(random, random.pick(corpus), 1 + random.below(8))
}

/** Pieces in a row, at most so many. */
export function anyText(random: Random, most: number): string {
  return Array.from({ length: random.below(most + 1) }, () => random.pick(pieces)).join('')
}

/** One line of pieces, rarely a very long one. */
export function anyLine(random: Random): string {
  const line = anyText(random, 14).replaceAll('\n', ' ')
  return random.below(200) === 0 ? line.repeat(500) : line
}

function anyLines(random: Random): string {
  const keywords = ['global', 'defaults', 'backend app', 'listen x', 'peers p', 'ring r'] as const
  const lines = Array.from({ length: random.below(12) }, () => {
    const start = random.pick([
      '',
      '  ',
      '\t',
      ...keywords,
      '  server',
      '  default-server',
      '.if',
      '#',
    ])
    return `${start} ${anyText(random, 6).replaceAll('\n', ' ')}${random.pick(['\n', '\n', '\r\n'])}`
  })
  return lines.join('')
}

/** Some changes: pieces put in, stretches cut out, doubled, moved, or taken from another text. */
export function mutate(random: Random, text: string, times: number): string {
  let changed = text
  for (let count = 0; count < times; count += 1) {
    const at = random.below(changed.length + 1)
    const end = Math.min(changed.length, at + random.below(random.pick([4, 40, 400])))
    const [before, middle, after] = [
      changed.slice(0, at),
      changed.slice(at, end),
      changed.slice(end),
    ]
    const kind = random.below(6)
    if (kind <= 1) changed = before + random.pick(pieces) + changed.slice(at)
    else if (kind === 2) changed = before + after
    else if (kind === 3) changed = before + middle + middle + after
    else if (kind === 4) changed = after + middle + before
    else changed = before + stretchOf(random, random.pick(corpus)) + after
  }
  // Half a surrogate pair is no text that a file can hold.
  return Buffer.from(changed.slice(0, 20_000)).toString()
}

function stretchOf(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  return text.slice(at, at + random.below(200))
}
