import { textOfBytes } from '../byte-text.ts'
import { reflect, typeOf, unboxed, valueOf } from '../values.ts'
import type { GoMap, Pointer, Reflected, Struct, Value } from '../values.ts'
import { uint8Type } from '../types.ts'
import { defaultLimits } from '../limits.ts'
import { refuseLong } from './extent.ts'
import { noFlags, pad } from './flags.ts'
import type { Flags } from './flags.ts'
import { printComplex, printFloat, printInteger } from './print-number.ts'
import { printText } from './print-text.ts'
import { sortedEntries } from './sorted-entries.ts'

/** Addresses mean nothing in a template's output; this one stands for all of them. */
const someAddress = 0xc000012345n

/** What `%!verb(…)` is printed around: the value that the verb does not fit. */
function badVerb(value: Reflected, verb: string, flags: Flags): string {
  const inside = unboxed(value)
  if (inside === undefined) return `%!${verb}(<nil>)`
  return `%!${verb}(${typeOf(inside).name}=${printReflected(inside, 'v', flags, 0)})`
}

/**
 * An operand of a print function in the format of a verb. Throws when a list or map is longer than
 * that.
 */
export function printOperand(
  value: Value,
  verb: string,
  flags: Flags,
  mostBytes = defaultLimits.textBytes,
): string {
  if (value === null) {
    return verb === 'T' || verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`
  }
  refuseLong(value, flags, mostBytes)
  if (verb === 'T') return printText(typeOf(value).name, 's', flags) ?? ''
  return printReflected(value, verb, flags, 0)
}

/** A value in the format of a verb; `depth` counts the lists, maps and structs around it. */
export function printReflected(
  value: Reflected,
  verb: string,
  flags: Flags,
  depth: number,
): string {
  if (value === undefined) {
    if (depth === 0) return '<invalid reflect.Value>'
    return verb === 'v' ? '<nil>' : badVerb(value, verb, flags)
  }
  if (typeof value === 'object') return printComposite(value, verb, flags, depth)
  return printBasic(value, verb, flags) ?? badVerb(value, verb, flags)
}

function printBasic(
  value: boolean | bigint | number | string,
  verb: string,
  flags: Flags,
): string | undefined {
  // What most templates print.
  if (flags === noFlags && verb === 'v' && typeof value !== 'number') return String(value)
  if (typeof value === 'bigint') return printInteger(value, true, verb, flags)
  if (typeof value === 'number') return printFloat(value, verb, flags)
  if (typeof value === 'string') return printText(value, verb, flags)
  return verb === 't' || verb === 'v' ? pad(String(value), flags) : undefined
}

function printComposite(
  value: Extract<Reflected, object>,
  verb: string,
  flags: Flags,
  depth: number,
): string {
  if (value instanceof Uint8Array) return printBytes(value, verb, flags, depth)
  switch (value.kind) {
    case 'interface':
      if (value.inside !== null) return printReflected(value.inside, verb, flags, depth + 1)
      return flags.isSharpV ? 'interface {}(nil)' : '<nil>'
    case 'integer': {
      const isSigned = value.type.kind === 'int'
      return printInteger(value.value, isSigned, verb, flags) ?? badVerb(value, verb, flags)
    }
    case 'complex':
      return printComplex(value, verb, flags) ?? badVerb(value, verb, flags)
    case 'list': {
      const { element, name } = value.type
      const print = (item: Value) => printReflected(reflect(item, element), verb, flags, depth + 1)
      return printItems(value.items.map(print), name, flags)
    }
    case 'map':
      return printMap(value, verb, flags, depth)
    case 'struct':
      return printStruct(value, verb, flags, depth)
    case 'pointer':
      return printPointer(value, verb, flags, depth)
    case 'function':
      break
  }
  return printAddress(typeOf(value).name, someAddress, verb, flags)
}

function printItems(items: readonly string[], typeName: string, flags: Flags): string {
  return flags.isSharpV ? `${typeName}{${items.join(', ')}}` : `[${items.join(' ')}]`
}

function printBytes(bytes: Uint8Array, verb: string, flags: Flags, depth: number): string {
  if (['s', 'q', 'x', 'X'].includes(verb)) {
    return printText(textOfBytes(bytes), verb, flags) ?? ''
  }
  const print = (byte: number): string =>
    printReflected(
      { kind: 'integer', type: uint8Type, value: BigInt(byte) },
      verb,
      flags,
      depth + 1,
    )
  // In Go's syntax a []byte is []byte, not []uint8.
  return printItems(Array.from(bytes, print), '[]byte', flags)
}

function printMap(map: GoMap, verb: string, flags: Flags, depth: number): string {
  const items = sortedEntries(map).map(
    ([key, value]) =>
      `${printReflected(key, verb, flags, depth + 1)}:${printReflected(value, verb, flags, depth + 1)}`,
  )
  return flags.isSharpV ? printItems(items, map.type.name, flags) : `map[${items.join(' ')}]`
}

function printStruct(struct: Struct, verb: string, flags: Flags, depth: number): string {
  if (struct.text !== undefined && !flags.isSharpV && ['v', 's', 'q', 'x', 'X'].includes(verb)) {
    return printText(struct.text, verb, flags) ?? ''
  }
  const items = [...struct.type.fields].map(([name, type]) => {
    const field = reflect(struct.fields.get(name) ?? null, type)
    const text = printReflected(field, verb, flags, depth + 1)
    return flags.isPlusV || flags.isSharpV ? `${name}:${text}` : text
  })
  if (flags.isSharpV) return printItems(items, struct.type.name, flags)
  return `{${items.join(' ')}}`
}

function printPointer(pointer: Pointer, verb: string, flags: Flags, depth: number): string {
  const { target, type } = pointer
  if (target === null) return printAddress(type.name, 0n, verb, flags)
  if (typeof target === 'object' && !(target instanceof Uint8Array)) {
    const hasText = target.kind === 'struct' && target.text !== undefined && !flags.isSharpV
    if (hasText) return printReflected(target, verb, flags, depth)
    if (depth === 0 && ['list', 'struct', 'map'].includes(target.kind)) {
      return `&${printReflected(target, verb, flags, depth + 1)}`
    }
  }
  return printAddress(type.name, someAddress, verb, flags)
}

function printAddress(typeName: string, address: bigint, verb: string, flags: Flags): string {
  if (verb === 'v' && flags.isSharpV) {
    return `(${typeName})(${address === 0n ? 'nil' : `0x${address.toString(16)}`})`
  }
  if (verb === 'v' && address === 0n) return pad('<nil>', flags)
  if (verb === 'v' || verb === 'p') {
    return printInteger(address, false, 'x', { ...flags, isSharp: !flags.isSharp }) ?? ''
  }
  const text = printInteger(address, false, verb, flags)
  return text ?? `%!${verb}(${typeName}=0x${address.toString(16)})`
}

/** A value as `%v` prints it. Throws when a list or map is longer than that. */
export function show(value: Reflected, mostBytes = defaultLimits.textBytes): string {
  refuseLong(valueOf(value), noFlags, mostBytes)
  return printReflected(value, 'v', noFlags, 0)
}
