import { countLines, linesBetween } from '../config/sections.ts'
import type { SectionText, TextLine } from '../config/sections.ts'

/**
 * The lines of two versions of one section without the headers, and without whole lines that are
 * the same at the beginning and at the end of both. Some equal lines may be left. The equal ends are
 * compared as stretches of characters, not line by line: one change among 10,000 lines is cheap.
 */
export function middlesOf(
  before: SectionText,
  after: SectionText,
): { readonly before: readonly TextLine[]; readonly after: readonly TextLine[] } {
  const bodies = { before: bodyOf(before), after: bodyOf(after) }
  const start = commonStart(bodies.before, bodies.after)
  const most = Math.min(bodies.before.length, bodies.after.length) - start
  const end = commonEnd(bodies.before, bodies.after, most)
  const lines = countLines(bodies.after, 0, start) + (after.keyword === '' ? 0 : 1)
  return {
    before: linesBetween(bodies.before, start, bodies.before.length - end, before.line + lines),
    after: linesBetween(bodies.after, start, bodies.after.length - end, after.line + lines),
  }
}

function bodyOf({ keyword, text }: SectionText): string {
  if (keyword === '') return text
  const feed = text.indexOf('\n')
  return feed === -1 ? '' : text.slice(feed + 1)
}

/** Length of the whole lines, with their line feeds, that both texts begin with. */
export function commonStart(one: string, other: string): number {
  const length = longest(Math.min(one.length, other.length), (from, to) => {
    return one.slice(from, to) === other.slice(from, to)
  })
  return length === 0 ? 0 : one.lastIndexOf('\n', length - 1) + 1
}

/** Length of the whole lines that both texts end with, at most `most`. */
export function commonEnd(one: string, other: string, most: number): number {
  const length = longest(most, (from, to) => {
    const tail = one.slice(one.length - to, one.length - from)
    return tail === other.slice(other.length - to, other.length - from)
  })
  // Where the equal stretch begins, a line may be under way.
  const feed = one.indexOf('\n', one.length - length)
  return feed === -1 ? 0 : one.length - feed - 1
}

/** How far two texts are the same, asked for stretches first, then within the one that differs. */
function longest(most: number, isSame: (from: number, to: number) => boolean): number {
  let length = 0
  for (let step = stretch; step >= 1; step = Math.floor(step / 16)) {
    while (length + step <= most && isSame(length, length + step)) length += step
  }
  return length
}

const stretch = 16 ** 4
