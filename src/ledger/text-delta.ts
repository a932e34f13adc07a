import { commonEnd, commonStart } from '../haproxy/diff/common-ends.ts'

/** How a text is made of an older one: new stretches, and stretches of the old one by their place. */
export type TextDelta = readonly (string | Stretch)[]

/** From a place to before another one. */
export type Stretch = readonly [from: number, to: number]

/**
 * How a list of texts is made of an older one: new elements, runs of old elements, and elements that
 * are an old one with other lines.
 */
export type ListDelta = readonly (string | Stretch | Revised)[]

type Revised = { readonly at: number; readonly text: TextDelta }

/** A middle of lines shorter than this is written out: looking for old lines in it gains nothing. */
const shortMiddle = 2048

/** What `after` is, told by `before`: as long as what differs, cut at line ends. */
export function textDelta(before: string, after: string): TextDelta {
  const start = commonStart(before, after)
  const end = commonEnd(before, after, Math.min(before.length, after.length) - start)
  const middle = after.slice(start, after.length - end)
  const from = { start, end: before.length - end }
  const isShort = middle.length < shortMiddle || from.start === from.end
  return [
    ...stretch(0, start),
    ...(isShort ? (middle === '' ? [] : [middle]) : lineRuns(before, from, middle)),
    ...stretch(from.end, before.length),
  ]
}

/** The reverse: what `after` was. */
export function applyTextDelta(before: string, delta: TextDelta): string {
  return delta
    .map((piece) => (typeof piece === 'string' ? piece : before.slice(piece[0], piece[1])))
    .join('')
}

/** What a list is, told by an older one whose equal elements are mostly the same objects. */
export function listDelta(before: readonly string[], after: readonly string[]): ListDelta {
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start += 1
  let end = 0
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  const old = new Old(before, start, before.length - end)
  const delta: (string | [number, number] | Revised)[] = [...stretch(0, start)]
  for (const element of after.slice(start, after.length - end)) {
    const piece = old.tell(element)
    const last = delta.at(-1)
    const isNext = Array.isArray(piece) && Array.isArray(last) && last[1] === piece[0]
    if (isNext) last[1] = piece[1]
    else delta.push(piece)
  }
  delta.push(...stretch(before.length - end, before.length))
  return delta
}

export function applyListDelta(before: readonly string[], delta: ListDelta): string[] {
  return delta.flatMap((piece) => {
    if (typeof piece === 'string') return [piece]
    if (isRevised(piece)) return [applyTextDelta(before[piece.at] ?? '', piece.text)]
    return before.slice(piece[0], piece[1])
  })
}

function isRevised(piece: Stretch | Revised): piece is Revised {
  return !Array.isArray(piece)
}

/** The elements that were replaced, by what they are and by their first line. */
class Old {
  readonly #list: readonly string[]
  readonly #places = new Map<string, number>()
  readonly #byHeader = new Map<string, number>()

  constructor(list: readonly string[], from: number, to: number) {
    this.#list = list
    for (let at = from; at < to; at += 1) {
      const text = list[at] ?? ''
      this.#places.set(text, at)
      this.#byHeader.set(headerOf(text), at)
    }
  }

  tell(text: string): string | [number, number] | Revised {
    const place = this.#places.get(text)
    if (place !== undefined) return [place, place + 1]
    const at = this.#byHeader.get(headerOf(text))
    return at === undefined ? text : { at, text: textDelta(this.#list[at] ?? '', text) }
  }
}

function headerOf(text: string): string {
  const end = text.indexOf('\n')
  return end === -1 ? text : text.slice(0, end)
}

/** `text` by the lines of a stretch of `before`, wherever they stood. */
function lineRuns(
  before: string,
  within: { readonly start: number; readonly end: number },
  text: string,
): TextDelta {
  const places = new Map<string, number>()
  for (let at = within.start; at < within.end;) {
    const line = lineAt(before, at)
    places.set(line, at)
    at += line.length
  }
  const pieces: (string | [number, number])[] = []
  for (let at = 0; at < text.length;) {
    const line = lineAt(text, at)
    at += line.length
    const last = pieces.at(-1)
    const place = places.get(line)
    if (Array.isArray(last) && before.startsWith(line, last[1])) last[1] += line.length
    else if (place !== undefined) pieces.push([place, place + line.length])
    else if (typeof last === 'string') pieces[pieces.length - 1] = last + line
    else pieces.push(line)
  }
  return pieces
}

/** With its line feed. */
function lineAt(text: string, at: number): string {
  const feed = text.indexOf('\n', at)
  return text.slice(at, feed === -1 ? text.length : feed + 1)
}

function stretch(from: number, to: number): [number, number][] {
  return from === to ? [] : [[from, to]]
}
