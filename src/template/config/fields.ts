import { nearest } from '../../support/nearest.ts'
import { placeText } from './syntax.ts'
import type { ConfigBlock, ConfigEntry, ConfigNode, Place } from './syntax.ts'

type Placed = { readonly place: Place }

/** Gathers what is wrong, or merely odd, with the values of one configuration, a line each. */
export type Faults = {
  /** A line that is dear to make is made only when it is wanted. */
  add(line: string | (() => string), node: Placed): void
  warn(line: string, node: Placed): void
}

/** How the values of one key are read, and what two files that both have it come to. */
export type Field<Value> = {
  /** `nodes`: all values given for the key, in order, at least one. `path`: for messages. */
  read(nodes: readonly ConfigNode[], path: string, faults: Faults): Value | undefined
  merge(before: Value, after: Value): Value
}

export type ValueOf<Of> = Of extends Field<infer Value> ? Value : never

type Shape = Readonly<Record<string, Field<unknown>>>

/** What was given of a block: what was not is not there. */
export type Given<Of extends Shape> = {
  readonly [Name in keyof Of]?: ValueOf<Of[Name]> | undefined
}

/** What a value comes to, or why it cannot be used. */
export type Converted<Value> =
  | { readonly value: Value; readonly warning?: string }
  | { readonly fault: string }

/** A key with one value: the last one given counts. */
export function leaf<Value>(
  type: string,
  convert: (node: ConfigNode) => Converted<Value> | undefined,
): Field<Value> {
  return {
    read: (nodes, path, faults) => {
      const node = nodes.at(-1)
      if (node === undefined || node.kind === 'null') return undefined
      const converted = convert(node)
      if (converted === undefined) {
        const kind = { text: 'string', number: 'int', bool: 'bool', list: 'list', block: 'block' }
        faults.add(
          `'${path}' expected type '${type}', got unconvertible type '${kind[node.kind]}'`,
          node,
        )
        return undefined
      }
      if ('value' in converted) {
        if (converted.warning !== undefined) faults.warn(`'${path}': ${converted.warning}`, node)
        return converted.value
      }
      faults.add(`error decoding '${path}': ${converted.fault}`, node)
      return undefined
    },
    merge: (_, after) => after,
  }
}

/** A block whose unknown keys are mistakes. Of several blocks in one file the last one counts. */
export function block<const Of extends Shape>(shape: Of): Field<Given<Of>> {
  return {
    read: (nodes, path, faults) => {
      const last = nodes.flatMap((node) => (node.kind === 'list' ? node.items : [node])).at(-1)
      if (last === undefined || last.kind === 'null') return undefined
      if (last.kind === 'block') return readShape(shape, last, path, faults)
      faults.add(`'${path}' expected a map, got '${last.kind}'`, last)
      return undefined
    },
    merge: (before, after) => mergeShape(shape, before, after),
  }
}

/** Blocks that may be repeated; those of a later file come after those of an earlier one. */
export function blocks<const Of extends Shape>(shape: Of): Field<readonly Given<Of>[]> {
  return {
    read: (nodes, path, faults) => {
      const all = nodes.flatMap((node) => (node.kind === 'list' ? node.items : [node]))
      return all.flatMap((node, index) => {
        if (node.kind === 'block') return [readShape(shape, node, `${path}[${index}]`, faults)]
        if (node.kind !== 'null') faults.add(`'${path}' expected a map, got '${node.kind}'`, node)
        return []
      })
    },
    merge: (before, after) => [...before, ...after],
  }
}

/** What is read and has no effect: said in a warning, unless it is empty. */
export function ignored(why: string): Field<true> {
  return {
    read: (nodes, path, faults) => {
      const first = nodes.find((node) => node.kind !== 'text' || node.text !== '')
      if (first !== undefined) faults.warn(`'${path}' is ignored: ${why}`, first)
      return true
    },
    merge: (_, after) => after,
  }
}

/** A block that may also be written as one value of another form. */
export function either<Value>(other: Field<Value>, kind: ConfigNode['kind'], field: Field<Value>) {
  const read: Field<Value>['read'] = (nodes, path, faults) =>
    (nodes.at(-1)?.kind === kind ? other : field).read(nodes, path, faults)
  return { read, merge: (before: Value, after: Value) => field.merge(before, after) }
}

/** Names are compared without letter case where none has the same. */
export function readShape<const Of extends Shape>(
  shape: Of,
  { entries }: ConfigBlock,
  path: string,
  faults: Faults,
): Given<Of> {
  const names = Object.keys(shape)
  const byName = new Map<string, ConfigEntry[]>()
  const unknown: ConfigEntry[] = []
  for (const entry of entries) {
    const name = Object.hasOwn(shape, entry.name)
      ? entry.name
      : names.find((each) => each === entry.name.toLowerCase())
    if (name === undefined) {
      unknown.push(entry)
      continue
    }
    const given = byName.get(name)
    if (given === undefined) byName.set(name, [entry])
    else given.push(entry)
  }
  for (const entry of unknown) {
    faults.add(() => {
      const meant = nearest(entry.name, names)
      const hint = meant === undefined ? '' : `, did you mean ${meant}?`
      return `'${path}' has invalid keys: ${entry.name}${hint}`
    }, entry)
  }
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const values = [...byName].map(([name, given]) => {
    const field = shape[name] as Field<unknown>
    const nodes = given.map(({ value }) => value)
    return [name, field.read(nodes, inside(name), faults)] as const
  })
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Given<Of>
}

/** What a later configuration says wins, key by key, also inside of blocks. */
export function mergeShape<const Of extends Shape>(
  shape: Of,
  before: Given<Of>,
  after: Given<Of>,
): Given<Of> {
  const merged = new Map<string, unknown>(Object.entries(before))
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue
    const earlier = merged.get(name)
    const field = shape[name] as Field<unknown>
    merged.set(name, earlier === undefined ? value : field.merge(earlier, value))
  }
  return Object.fromEntries(merged) as Given<Of>
}

/** Further faults are only counted: who has so many has another kind of file. */
const mostFaults = 20

/** Faults as lines with their places, for one configuration. */
export function gatherFaults(): Faults & {
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
  /** How many there are, beside those in `lines` too. */
  readonly count: number
} {
  const lines: string[] = []
  const warnings: string[] = []
  let count = 0
  const note = (list: string[], line: () => string, { place }: Placed): void => {
    if (list.length < mostFaults) list.push(`${line()} (at ${placeText(place)})`)
  }
  return {
    lines,
    warnings,
    get count() {
      return count
    },
    add: (line, node) => {
      count += 1
      note(lines, typeof line === 'string' ? () => line : line, node)
    },
    warn: (line, node) => note(warnings, () => line, node),
  }
}
