import { isIP, isIPv4 } from 'node:net'
import * as v from 'valibot'

/** Reads one value from its text, the same for a flag, a variable and the settings file. */
export type ValueParser<T> = v.GenericSchema<string, T>

/** A parser from a function that gives undefined for a text that is not `expected`. */
export function reads<T>(expected: string, read: (text: string) => T | undefined): ValueParser<T> {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value.trim())
      if (value !== undefined) return value
      addIssue({ message: `${quoted(dataset.value)} is not ${expected}` })
      return NEVER
    }),
  )
}

/** A value as it is shown in a message: quoted, and cut when it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

export function choice<const T extends string>(...words: readonly T[]): ValueParser<T> {
  return reads(oneOf(words), (text) => words.find((word) => word === text))
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`
}

export const flag: ValueParser<boolean> = reads('true or false', (text) => {
  const word = text.toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(word)) return true
  return ['false', 'no', 'off', '0'].includes(word) ? false : undefined
})

export const instanceName: ValueParser<string> = reads(
  'a name of 1 to 32 small letters, digits and hyphens',
  (text) => (/^[a-z0-9-]{1,32}$/.test(text) ? text : undefined),
)

/** A word that may stand in a command line or an HAProxy rule as data: printable, no spaces. */
export const word: ValueParser<string> = reads('one word without spaces', (text) =>
  /^[\x21-\x7e]{1,255}$/.test(text) ? text : undefined,
)

export const path: ValueParser<string> = reads('a path', (text) =>
  // oxlint-disable-next-line no-control-regex -- a path with a line feed is never meant
  text !== '' && !/[\x00-\x1f\x7f]/.test(text) ? text : undefined,
)

/** POSIX user and group names, and numeric ids. */
export const account: ValueParser<string> = reads('the name of a user or group', (text) =>
  /^([a-z_][a-z0-9_-]{0,31}|[0-9]{1,9})$/.test(text) ? text : undefined,
)

/** A host name in small letters without its final dot. */
export const hostName: ValueParser<string> = reads('a host name such as example.org', (text) => {
  const name = text.toLowerCase().replace(/\.$/, '')
  const isName = name.length <= 253 && name.split('.').every((label) => hostLabel.test(label))
  return isName ? name : undefined
})

const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Host names under which something may be asked: also an address. */
export const hostOrAddress: ValueParser<string> = reads('a host name or an address', (text) => {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare
  const result = v.safeParse(hostName, text)
  return result.success ? result.output : undefined
})

export const ipAddress: ValueParser<string> = reads('an IP address', (text) => {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) === 0 ? undefined : bare
})

/** A network `10.0.0.0/8`, `fd00::/8`, or one address. */
export const network: ValueParser<string> = reads(
  'a network such as 10.0.0.0/8 or fd00::/8',
  (text) => {
    const [address = '', prefix, ...rest] = text.split('/')
    if (isIP(address) === 0 || rest.length > 0) return undefined
    if (prefix === undefined) return address
    const most = isIPv4(address) ? 32 : 128
    return /^\d{1,3}$/.test(prefix) && Number(prefix) <= most ? text : undefined
  },
)

/** A whole number from 1 to `most`. */
export function count(most: number): ValueParser<number> {
  return reads(`a number from 1 to ${most}`, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : 0
    return value >= 1 && value <= most ? value : undefined
  })
}

/** A count from 1, or `auto`, which is undefined. */
export const countOrAuto: v.GenericSchema<string, number | undefined> = v.pipe(
  reads('a number from 1 to 10000000, or auto', (text): number | 'auto' | undefined => {
    if (text === 'auto') return text
    const count = /^\d{1,8}$/.test(text) ? Number(text) : 0
    return count >= 1 && count <= 10_000_000 ? count : undefined
  }),
  v.transform((value) => (value === 'auto' ? undefined : value)),
)
