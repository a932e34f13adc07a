/**
 * Command lines as programs written in Go read them (package `flag`): `-x v`, `-x=v`, `--x`;
 * switches only `-x` or `-x=false`; reading stops at the first argument that is no flag. For
 * commands that stand in for such a program.
 */

/** What a flag's value is: a repeated `strings` flag gathers, of the others the last one counts. */
type ValueOf = {
  readonly string: string
  readonly int: number
  readonly bool: boolean
  readonly strings: readonly string[]
}

type FlagOf<Kind extends keyof ValueOf> = {
  readonly kind: Kind
  readonly fallback: ValueOf[Kind]
  /** One sentence; a word in backquotes is what the value is called in the list of flags. */
  readonly usage: string
}

export type Flag = { [Kind in keyof ValueOf]: FlagOf<Kind> }[keyof ValueOf]

/** By name, without dashes. */
export type Flags = Readonly<Record<string, Flag>>

export type FlagValues<Defined extends Flags> = {
  readonly [Name in keyof Defined]: ValueOf[Defined[Name]['kind']]
}

export type ParsedFlags<Defined extends Flags> =
  | {
      readonly kind: 'parsed'
      readonly values: FlagValues<Defined>
      /** What follows the flags. */
      readonly rest: readonly string[]
      /** Names that stood on the command line. */
      readonly given: ReadonlySet<string>
    }
  /** `-h` or `-help`. */
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }

/** Reads the flags in front of a command line; a mistake is a value, in Go's own words. */
export function parseFlags<const Defined extends Flags>(
  defined: Defined,
  argv: readonly string[],
): ParsedFlags<Defined> {
  const values = new Map<string, unknown>(
    Object.entries(defined).map(([name, { fallback }]) => [name, fallback]),
  )
  const given = new Set<string>()
  let at = 0
  for (; at < argv.length; at += 1) {
    const argument = argv[at] ?? ''
    if (argument === '--') {
      at += 1
      break
    }
    const written = /^--?([^]+)$/.exec(argument)?.[1]
    if (written === undefined) break
    if (/^[-=]/.test(written)) return mistake(`bad flag syntax: ${argument}`)
    const [, name = '', inline] = /^([^=]+)(?:=([^]*))?$/.exec(written) ?? []
    const flag = Object.hasOwn(defined, name) ? defined[name] : undefined
    if (flag === undefined) {
      if (name === 'h' || name === 'help') return { kind: 'help' }
      return mistake(`flag provided but not defined: -${name}`)
    }
    let text = inline
    if (text === undefined) {
      if (flag.kind === 'bool') text = 'true'
      else if (at + 1 < argv.length) text = argv[(at += 1)]
    }
    if (text === undefined) return mistake(`flag needs an argument: -${name}`)
    const value = valueOf(flag, text, given.has(name) ? values.get(name) : undefined)
    if ('fault' in value) return mistake(faultMessage(flag, name, text, value.fault))
    values.set(name, value.value)
    given.add(name)
  }
  const all = Object.fromEntries(values) as FlagValues<Defined>
  return { kind: 'parsed', values: all, rest: argv.slice(at), given }
}

function mistake(message: string): { kind: 'mistake'; message: string } {
  return { kind: 'mistake', message }
}

function faultMessage(flag: Flag, name: string, text: string, fault: string): string {
  const where =
    flag.kind === 'bool' ? `boolean value ${quote(text)} for` : `value ${quote(text)} for flag`
  return `invalid ${where} -${name}: ${fault}`
}

type Value = { readonly value: unknown } | { readonly fault: string }

function valueOf(flag: Flag, text: string, before: unknown): Value {
  const { kind } = flag
  if (kind === 'bool') return boolOf(text)
  if (kind === 'int') return intOf(text)
  if (kind === 'string') return { value: text }
  return { value: [...((before as readonly string[] | undefined) ?? []), text] }
}

/** strconv.ParseBool */
function boolOf(text: string): Value {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return { value: true }
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return { value: false }
  return { fault: 'parse error' }
}

const goInteger =
  /^([+-]?)(?:0[xX]((?:_?[\da-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?\d)*))$/

/** strconv.ParseInt with base 0 and 64 bits: `0x1f`, `0b11`, `0o17`, `017` and `1_000` are numbers too. */
function intOf(text: string): Value {
  const match = goInteger.exec(text)
  if (match === null) return { fault: 'parse error' }
  const [, sign, hexadecimal, binary, octal, decimal = '0'] = match
  const prefixed =
    (hexadecimal && `0x${hexadecimal}`) || (binary && `0b${binary}`) || (octal && `0o${octal}`)
  const size = BigInt((prefixed || decimal).replaceAll('_', ''))
  const value = sign === '-' ? -size : size
  if (value !== BigInt.asIntN(64, value)) return { fault: 'value out of range' }
  return { value: Number(value) }
}

/** All flags with their meaning and default, by name, laid out as Go lays them out. */
export function flagsText(defined: Flags): string {
  const names = Object.keys(defined).toSorted()
  return names.map((name) => flagText(name, defined[name] as Flag)).join('')
}

function flagText(name: string, flag: Flag): string {
  const named = /`([^`]*)`/.exec(flag.usage)?.[1]
  const kinds = { string: 'string', int: 'int', bool: '', strings: 'value' }
  const value = named ?? kinds[flag.kind]
  const head = `  -${name}${value === '' ? '' : ` ${value}`}`
  const usage = flag.usage.replaceAll('`', '').replaceAll('\n', '\n    \t')
  return `${head}${head.length <= 4 ? '\t' : '\n    \t'}${usage}${defaultText(flag)}\n`
}

function defaultText(flag: Flag): string {
  if (flag.kind === 'strings') return ''
  if (flag.fallback === '' || flag.fallback === 0 || flag.fallback === false) return ''
  return ` (default ${flag.kind === 'string' ? quote(flag.fallback) : flag.fallback})`
}

/** Go's %q, as far as command lines need it. */
function quote(text: string): string {
  return JSON.stringify(text)
}
