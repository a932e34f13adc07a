/** A text with its variables in place, or why that cannot be. */
export type Interpolated =
  | { readonly text: string; readonly unset: readonly string[] }
  | { readonly fault: string }

export type Lookup = (name: string) => string | undefined

/**
 * Puts variables in place as Compose does (compose-spec, Interpolation): `$VAR`, `${VAR}`,
 * `${VAR:-default}`, `${VAR-default}`, `${VAR:?message}`, `${VAR?message}`, `${VAR:+other}`,
 * `${VAR+other}`, one within another, and `$$` for a dollar sign. A variable that is not set and has
 * no default is empty, and named in `unset`. What becomes longer than 131,072 characters is a fault:
 * variables that are each made of two others double with every line.
 */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  if (!text.includes('$')) return { text, unset: [] }
  const unset: string[] = []
  try {
    return { text: expand(text, lookup, unset, 0), unset }
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message }
    throw error
  }
}

/** Variables within defaults of variables; deeper is no file that somebody wrote. */
const deepest = 50

/** In characters; Linux gives a program no longer variable (MAX_ARG_STRLEN). */
const longest = 131_072

/** Ends the reading of one text; never leaves this file. */
class Fault extends Error {}

function expand(text: string, lookup: Lookup, unset: string[], depth: number): string {
  if (depth > deepest) throw new Fault('has variables that are nested too deep')
  let result = ''
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    result += text.slice(at, dollar === -1 ? undefined : dollar)
    if (dollar === -1) break
    const rest = text.slice(dollar + 1)
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0]
    if (rest.startsWith('$')) {
      result += '$'
      at = dollar + 2
    } else if (name !== undefined) {
      result += plain(name, lookup, unset)
      at = dollar + 1 + name.length
    } else if (rest.startsWith('{')) {
      const end = closingBrace(rest)
      result += braced(rest.slice(1, end), lookup, unset, depth)
      at = dollar + 2 + end
    } else {
      throw new Fault('has a $ that begins no variable; write $$ for a dollar sign')
    }
    if (result.length > longest) throw tooLong()
  }
  if (result.length > longest) throw tooLong()
  return result
}

function tooLong(): Fault {
  return new Fault(`becomes longer than ${longest} characters`)
}

function closingBrace(text: string): number {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    else if (text[at] === '}') depth -= 1
    if (depth === 0) return at
  }
  throw new Fault('has a ${ without its }')
}

function plain(name: string, lookup: Lookup, unset: string[]): string {
  const value = lookup(name)
  if (value === undefined) unset.push(name)
  return value ?? ''
}

function braced(inner: string, lookup: Lookup, unset: string[], depth: number): string {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^]*))?$/.exec(inner)
  if (match === null) throw new Fault('has ${…} around what is no variable')
  const [, name = '', operator = '', word = ''] = match
  if (operator === '') return plain(name, lookup, unset)
  const value = lookup(name)
  const isGiven = value !== undefined && (value !== '' || !operator.startsWith(':'))
  const then = (): string => expand(word, lookup, unset, depth + 1)
  if (operator.endsWith('+')) return isGiven ? then() : ''
  if (isGiven) return value
  if (operator.endsWith('-')) return then()
  const said = then()
  throw new Fault(`wants the variable ${name}, which is not set${said === '' ? '' : `: ${said}`}`)
}
