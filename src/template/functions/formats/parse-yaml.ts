import { Composer, Parser, isAlias, isMap, isPair, isScalar, isSeq, visit } from 'yaml'
import type { Alias, Document, Node, Pair, Scalar as ScalarNode, YAMLMap } from 'yaml'
import { textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { anySliceType, anyType, mapOf } from '../../go/types.ts'
import { goMap, isA, list } from '../../go/values.ts'
import type { MapKey, Value } from '../../go/values.ts'
import { show } from '../../go/fmt/print-value.ts'
import { checkDepth, greatestDepth } from './output.ts'
import { isNestedDeeper } from './yaml-nesting.ts'
import { plainScalar } from './yaml-scalars.ts'
import type { ScalarTag } from './yaml-scalars.ts'

const mapType = mapOf(anyType, anyType)
const tagPrefix = 'tag:yaml.org,2002:'

const tooDeep = 'the document is nested too deep'

type Entries = Map<MapKey, Value>

type Reading = {
  readonly anchors: ReadonlyMap<Alias, Node>
  /** Anchored nodes that are being read: an alias of one would have no end. */
  readonly open: Set<Node>
  /** Nodes read, and how many of them through aliases. */
  nodes: number
  aliased: number
  aliasDepth: number
}

function failure(message: string): Error {
  return callFailure(`yaml: ${message}`)
}

/** What share of the nodes may be read through aliases: little of many, so that no few lines make millions. */
function allowedShare(nodes: number): number {
  if (nodes <= 400_000) return 0.99
  if (nodes >= 4_000_000) return 0.1
  return 0.99 - (0.89 * (nodes - 400_000)) / 3_600_000
}

function count(reading: Reading): void {
  reading.nodes++
  if (reading.aliasDepth > 0) reading.aliased++
  const { nodes, aliased } = reading
  if (aliased > 100 && nodes > 1000 && aliased / nodes > allowedShare(nodes)) {
    throw failure('document contains excessive aliasing')
  }
}

const shortTag = (node: Node): string | undefined =>
  node.tag?.startsWith(tagPrefix) ? node.tag.slice(tagPrefix.length) : undefined

function binary(text: string): string {
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    return textOfBytes(Buffer.from(text, 'base64'))
  }
  throw failure('!!binary value contains invalid base64 data')
}

/** A scalar that is marked with a type. */
function taggedScalar(tag: string, text: string): Value {
  const { tag: found, value } = plainScalar(text)
  if (tag === found || tag === 'str' || tag === 'timestamp') return tag === 'str' ? text : value
  if (tag === 'binary') return binary(text.replaceAll(/\s/g, ''))
  if (tag === 'float' && typeof value === 'bigint') return Number(value)
  const known: readonly string[] = ['null', 'bool', 'int', 'float'] satisfies readonly ScalarTag[]
  if (known.includes(tag)) throw failure(`cannot decode !!${found} \`${text}\` as a !!${tag}`)
  return text
}

function scalar(node: ScalarNode): Value {
  const text = node.source ?? ''
  const tag = shortTag(node)
  if (tag !== undefined) return taggedScalar(tag, text)
  const isPlain = node.type === 'PLAIN' && (node.tag === undefined || node.tag === '')
  const { tag: found, value } = isPlain ? plainScalar(text) : { tag: 'str', value: text }
  return found === 'merge' ? text : value
}

function mapKey(value: Value): MapKey {
  if (isA(value, 'integer')) return value.value
  if (value !== null && typeof value !== 'object') return value
  throw failure(`invalid map key: ${value === null ? 'null' : show(value)}`)
}

const isMergeKey = (key: Node): boolean =>
  isScalar(key) && key.source === '<<' && (key.type === 'PLAIN' || shortTag(key) === 'merge')

/** Adds the entries of the maps that `<<` names; of several the first one wins. */
function merge(reading: Reading, node: Node, entries: Entries, depth: number): void {
  const target = isAlias(node) ? reading.anchors.get(node) : node
  if (isMap(target)) return within(reading, node, () => addEntries(reading, target, entries, depth))
  const items = isSeq<Node>(target) && !isAlias(node) ? target.items.toReversed() : undefined
  if (items === undefined || items.some((item) => !isMap(resolved(reading, item)))) {
    throw failure('map merge requires map or sequence of maps as the value')
  }
  for (const item of items) merge(reading, item, entries, depth)
}

const resolved = (reading: Reading, node: Node): Node | undefined =>
  isAlias(node) ? reading.anchors.get(node) : node

function addEntries(reading: Reading, node: YAMLMap, entries: Entries, depth: number): void {
  checkDepth(depth)
  for (const { key, value } of node.items as readonly Pair<Node | null, Node | null>[]) {
    if (key !== null && value !== null && isMergeKey(key)) {
      merge(reading, value, entries, depth + 1)
    } else {
      entries.set(mapKey(read(reading, key, depth + 1)), read(reading, value, depth + 1))
    }
  }
}

/** Reads through an alias, if the node is one, and guards against one inside its own anchor. */
function within<Result>(reading: Reading, node: Node, body: (node: Node) => Result): Result {
  const target = resolved(reading, node)
  if (target === undefined)
    throw failure(`unknown anchor '${isAlias(node) ? node.source : ''}' referenced`)
  if (reading.open.has(target)) {
    throw failure(`anchor '${isAlias(node) ? node.source : ''}' value contains itself`)
  }
  const step = isAlias(node) ? 1 : 0
  reading.aliasDepth += step
  reading.open.add(target)
  const result = body(target)
  reading.open.delete(target)
  reading.aliasDepth -= step
  return result
}

function read(reading: Reading, node: Node | null, depth: number): Value {
  checkDepth(depth)
  count(reading)
  if (node === null) return null
  return within(reading, node, (target): Value => {
    if (isScalar(target)) return scalar(target)
    if (isMap(target)) {
      const entries: Entries = new Map()
      addEntries(reading, target, entries, depth)
      return goMap(mapType, entries)
    }
    if (!isSeq(target)) return null
    const items = target.items.map((item) => readItem(reading, item, depth + 1))
    return list(anySliceType, items)
  })
}

/** An item of a list; in an ordered map it is a key and its value. */
function readItem(reading: Reading, item: unknown, depth: number): Value {
  if (!isPair<Node | null, Node | null>(item)) return read(reading, item as Node | null, depth)
  const key = mapKey(read(reading, item.key, depth))
  return goMap(mapType, [[key, read(reading, item.value, depth)]])
}

/** What each alias stands for: the nearest node before it that has the name. */
function anchorsOf(document: Document): ReadonlyMap<Alias, Node> {
  const named = new Map<string, Node>()
  const anchors = new Map<Alias, Node>()
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        const target = named.get(node.source)
        if (target !== undefined) anchors.set(node, target)
      } else if (node.anchor !== undefined) {
        named.set(node.anchor, node)
      }
    },
  })
  return anchors
}

function firstDocument(text: string): Document | undefined {
  const composer = new Composer({
    version: '1.1',
    schema: 'failsafe',
    merge: false,
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
  })
  for (const document of composer.compose(new Parser().parse(text), true, text.length)) {
    return document
  }
  return undefined
}

function parsed(text: string): Value {
  if (isNestedDeeper(text, greatestDepth)) throw failure(tooDeep)
  const document = firstDocument(text)
  const [mistake] = document?.errors ?? []
  if (/call stack/.test(mistake?.message ?? '')) throw failure(tooDeep)
  if (mistake !== undefined) {
    const line = text.slice(0, mistake.pos[0]).split('\n').length
    throw failure(`line ${line}: ${mistake.message.split('\n')[0] ?? ''}`)
  }
  if (document === undefined) return null
  return read(
    {
      anchors: anchorsOf(document),
      open: new Set(),
      nodes: 0,
      aliased: 0,
      aliasDepth: 0,
    },
    document.contents,
    0,
  )
}

/**
 * The first document of a YAML text, read as the Go package yaml.v2 reads it without a type: YAML
 * 1.1, whole numbers as `int`, maps as `map[interface {}]interface {}`. A TemplateError for what is
 * not YAML, is nested too deep, or repeats itself by aliases without measure.
 */
export function parseYaml(text: string): Value {
  try {
    return parsed(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw callFailure(`yaml: ${tooDeep}`, error)
  }
}
