import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Alias, Node, Pair, YAMLParseError } from 'yaml'
import { messageOf } from '../model/errors.ts'
import { ComposeError, mapping, shownPosition } from './tree.ts'
import type { Entry, Mapping, MergeTag, Position, Value } from './tree.ts'

/** What aliases may unfold to: a file of a few lines can stand for billions of values. */
const mostValues = 200_000
const deepest = 100
/** Torn YAML has a mistake in each of its lines. */
const mostMistakes = 10

/**
 * Reads the text of a Compose file. `file` names it in positions. An empty text is an empty mapping.
 * Throws ComposeError with the line and column of each mistake in the YAML.
 */
export function parseCompose(text: string, file: string): Mapping {
  const lines = new LineCounter()
  // The parser looks for a key twice by comparing each with each; `Reading` counts them.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false }
  const document = parseDocument(text, options)
  const at = (offset: number | undefined): Position => {
    const { line, col } = lines.linePos(offset ?? 0)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const refuse = (position: Position, what: string): ComposeError =>
    new ComposeError([{ where: shownPosition(position), what, hint: '' }])
  if (document.errors.length > 0) {
    throw new ComposeError(
      document.errors.slice(0, mostMistakes).map((error) => {
        return { where: shownPosition(at(error.pos[0])), what: mistakeOf(error), hint: '' }
      }),
    )
  }
  const value = new Reading(targetsOf(document.contents), at, refuse).read(document.contents, 0)
  if (value.kind === 'scalar' && value.isNull) return mapping(new Map(), at(0))
  if (value.kind !== 'map') throw refuse(value.at, 'a Compose file holds a mapping: `services: …`')
  return value
}

/** The parser's words, but for what only its users can make use of. */
function mistakeOf(error: YAMLParseError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a Compose file is one document, and here is another'
  const what = messageOf(error)
  return what.includes('call stack') ? 'it is nested too deep' : what
}

/** One file's nodes as values. */
class Reading {
  readonly #targets: ReadonlyMap<Alias, Node>
  readonly #at: (offset: number | undefined) => Position
  readonly #refuse: (position: Position, what: string) => ComposeError
  #count = 0

  constructor(
    targets: ReadonlyMap<Alias, Node>,
    at: (offset: number | undefined) => Position,
    refuse: (position: Position, what: string) => ComposeError,
  ) {
    this.#targets = targets
    this.#at = at
    this.#refuse = refuse
  }

  read(node: Node | null | undefined, depth: number, place?: Position): Value {
    const at = node === null || node === undefined ? place : this.#at(node.range?.[0])
    const position = at ?? this.#at(0)
    this.#count += 1
    if (this.#count > mostValues || depth > deepest) {
      throw this.#refuse(
        position,
        'it is nested too deep, or its aliases unfold to too many values',
      )
    }
    if (isAlias(node)) {
      const target = this.#targets.get(node)
      if (target === undefined) throw this.#refuse(position, `there is no anchor ${node.source}`)
      return this.read(target, depth + 1, position)
    }
    const tag = tagOf(node)
    if (isMap(node)) {
      const entries = this.#entries(node.items as Pair<Node, Node | null>[], depth)
      return { kind: 'map', entries, at: position, tag }
    }
    if (isSeq(node)) {
      const items = (node.items as Node[]).map((item) => this.read(item, depth + 1))
      return { kind: 'list', items, at: position, tag }
    }
    const isNull = !isScalar(node) || node.value === null
    return { kind: 'scalar', text: textOf(node), isNull, at: position, tag }
  }

  /** `<<` brings what is not given beside it (YAML 1.1, Merge Key); of several the first counts. */
  #entries(pairs: readonly Pair<Node, Node | null>[], depth: number): Map<string, Entry> {
    const entries = new Map<string, Entry>()
    const merged: Value[] = []
    const seen = new Set<unknown>()
    for (const pair of pairs) {
      const key = textOf(pair.key)
      const at = this.#at(pair.key.range?.[0])
      if (isScalar(pair.key)) {
        if (seen.has(pair.key.value)) throw this.#refuse(at, 'Map keys must be unique')
        seen.add(pair.key.value)
      }
      const value = this.read(pair.value, depth + 1, at)
      if (key !== '<<') entries.set(key, { value, at })
      else if (value.kind === 'list') for (const item of value.items) merged.push(item)
      else merged.push(value)
    }
    for (const source of merged) {
      if (source.kind !== 'map') {
        throw this.#refuse(source.at, '<< wants a mapping, or a list of mappings')
      }
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry)
    }
    return entries
  }
}

/**
 * What each alias stands for: the last node before it that has its anchor. One walk for all of them,
 * with a stack of its own, since nothing has said yet how deep the nodes are.
 */
function targetsOf(contents: Node | null): ReadonlyMap<Alias, Node> {
  const targets = new Map<Alias, Node>()
  const anchors = new Map<string, Node>()
  const stack: (Node | null | undefined)[] = [contents]
  while (stack.length > 0) {
    const node = stack.pop()
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
      continue
    }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) {
      anchors.set(node.anchor, node)
    }
    if (isMap(node)) {
      for (const { key, value } of (node.items as Pair<Node, Node | null>[]).toReversed()) {
        stack.push(value, key)
      }
    } else if (isSeq(node)) {
      for (const item of (node.items as Node[]).toReversed()) stack.push(item)
    }
  }
  return targets
}

function textOf(node: unknown): string {
  if (!isScalar(node)) return ''
  const { value, source } = node
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return value === null || value === undefined ? '' : (source ?? JSON.stringify(value))
}

function tagOf(node: Node | null | undefined): MergeTag {
  const tag = node === null || node === undefined || isAlias(node) ? undefined : node.tag
  return tag === '!reset' ? 'reset' : tag === '!override' ? 'override' : undefined
}
