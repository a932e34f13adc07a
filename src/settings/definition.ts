import * as v from 'valibot'
import type { Surroundings } from './state-folder.ts'
import { flag } from './values.ts'

/** What a default may depend on. */
export type DefaultContext = Surroundings & { readonly name: string }

export type Group =
  | 'Instance'
  | 'Docker'
  | 'Registry'
  | 'Routing'
  | 'Template'
  | 'HAProxy'
  | 'Admin API'
  | 'Log'

/**
 * One setting. Its `name` makes all three ways to give it: `--gone-service`,
 * `FAIRLEAD_GONE_SERVICE`, and `gone-service:` in the settings file.
 */
export type Definition<T> = {
  readonly name: string
  readonly group: Group
  /** Stands for the value in help: `ADDR:PORT`. Empty for a switch. */
  readonly placeholder: string
  readonly kind: 'one' | 'list' | 'switch'
  /** A path: a relative one counts from the settings file's folder, or from where fairlead is started. */
  readonly isPath: boolean
  readonly help: string
  /** Takes the text, or for a list the array of texts. */
  readonly parser: v.GenericSchema<unknown, T>
  readonly fallback: (context: DefaultContext) => T
  /** The default in words; empty when there is none. */
  readonly shownDefault: string
}

type Common = { readonly name: string; readonly group: Group; readonly help: string }

/** A default: the text that would be written, or a function and how help describes it. */
type Fallback<T> =
  | { readonly standard: string }
  | { readonly computed: (context: DefaultContext) => T; readonly shown: string }

type Single<T> = Common &
  Fallback<T> & {
    readonly placeholder: string
    readonly parser: v.GenericSchema<string, T>
    readonly isPath?: true
  }

export function one<T>(given: Single<T>): Definition<T> {
  const { name, group, help, placeholder, parser } = given
  return {
    name,
    group,
    help,
    placeholder,
    parser,
    kind: 'one',
    isPath: given.isPath ?? false,
    ...fallbackOf(given, (text) => v.parse(parser, text)),
  }
}

/** A setting that may be left away: undefined, and no default. */
export function optional<T>(
  given: Omit<Single<T>, 'standard' | 'computed' | 'shown'>,
): Definition<T | undefined> {
  return one<T | undefined>({ ...given, computed: () => undefined, shown: '' })
}

type Listed<T> = Common & {
  readonly placeholder: string
  readonly item: v.GenericSchema<string, T>
  readonly standard: readonly string[]
}

/** A repeatable setting; the same value twice is a mistake. */
export function list<T>(given: Listed<T>): Definition<readonly T[]> {
  const { name, group, help, placeholder, item, standard } = given
  const parser = v.pipe(v.array(item), noDuplicates<T>())
  return {
    name,
    group,
    help,
    placeholder,
    parser,
    kind: 'list',
    isPath: false,
    fallback: () => v.parse(parser, [...standard]),
    shownDefault: standard.join(', '),
  }
}

/** On or off, off by default. */
export function toggle(given: Common): Definition<boolean> {
  return {
    ...given,
    placeholder: '',
    parser: flag,
    kind: 'switch',
    isPath: false,
    fallback: () => false,
    shownDefault: '',
  }
}

/** Refuses the later of two equal values, by its place in the list. */
export function noDuplicates<T>(): v.GenericSchema<T[], readonly T[]> {
  return v.pipe(
    v.custom<T[]>(Array.isArray),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      const seen = new Set<string>()
      dataset.value.forEach((value, key) => {
        const text = JSON.stringify(value)
        if (seen.has(text)) {
          const path = { type: 'array' as const, origin: 'value' as const, input: dataset.value }
          addIssue({ message: `${text} is given twice`, path: [{ ...path, key, value }] })
        }
        seen.add(text)
      })
    }),
  )
}

function fallbackOf<T>(
  given: Fallback<T>,
  parse: (text: string) => T,
): { fallback: (context: DefaultContext) => T; shownDefault: string } {
  if ('computed' in given) return { fallback: given.computed, shownDefault: given.shown }
  const { standard } = given
  return { fallback: () => parse(standard), shownDefault: standard }
}
