import { nearest } from '../support/nearest.ts'
import {
  type Reading,
  readBalance,
  readCookieName,
  readDuration,
  readFlag,
  readHosts,
  readInteger,
  readPath,
  readSticky,
  shown,
} from './label-values.ts'

/** Every routing key. `network` and `role` are discovery's own; here they are only known. */
export const labelKeys = [
  'enable',
  'port',
  'network',
  'host',
  'default',
  'weight',
  'check',
  'balance',
  'slowstart',
  'maxconn',
  'sticky',
  'sticky.cookie',
  'sticky.secure',
  'role',
] as const

/** Keys that hold for a whole service: its endpoints must come to one value. */
export const serviceKeys = [
  'host',
  'default',
  'check',
  'balance',
  'sticky',
  'sticky.cookie',
  'sticky.secure',
] as const
export type ServiceKey = (typeof serviceKeys)[number]

/** Canonical texts of the service-wide keys; empty: not given. */
export type ServiceLabels = Readonly<Record<ServiceKey, string>>

/** Something wrong with one label; who carries it is known to the caller. */
export type LabelProblem = { readonly key: string; readonly what: string; readonly hint: string }

/** The routing labels of one endpoint, read and checked. What is wrong is left out and named in `problems`. */
export type Labels = {
  readonly isEnabled: boolean | undefined
  /** `invalid`: given, but not a port, so that nobody can tell which one was meant. */
  readonly port: number | 'invalid' | undefined
  readonly weight: number | undefined
  readonly maxconn: number | undefined
  readonly slowstartMs: number | undefined
  readonly service: ServiceLabels
  /** Equal for equal `service`. */
  readonly signature: string
  /** Says that somebody wants it routed, if perhaps with a typing mistake. */
  readonly isLabelled: boolean
  readonly problems: readonly LabelProblem[]
}

export const noServiceLabels: ServiceLabels = {
  host: '',
  default: '',
  check: '',
  balance: '',
  sticky: '',
  'sticky.cookie': '',
  'sticky.secure': '',
}

const underscored: ReadonlySet<string> = new Set(labelKeys.map((key) => key.replace('.', '_')))
const silentKeys: ReadonlySet<string> = new Set(['enable', 'network', 'role'])
const mostUnknown = 20
const cache = new WeakMap<Readonly<Record<string, string>>, Labels>()

/** Reads the labels of an endpoint (keys without `fairlead.`). The same object is read only once. */
export function readLabels(given: Readonly<Record<string, string>>): Labels {
  let labels = cache.get(given)
  if (labels === undefined) {
    labels = parse(given)
    cache.set(given, labels)
  }
  return labels
}

function parse(given: Readonly<Record<string, string>>): Labels {
  const problems = unknownKeys(given)
  const read = <T>(key: string, reader: (text: string) => Reading<T>): T | undefined => {
    const text = textOf(given, key)
    if (text === undefined) return undefined
    const reading = reader(text)
    if ('value' in reading) return reading.value
    problems.push({ key, what: `${shown(text)} ${reading.reason}; it is ignored`, hint: '' })
    return undefined
  }
  const { hosts, complaints } = given['host'] === undefined ? noHosts : readHosts(given['host'])
  for (const what of complaints) problems.push({ key: 'host', what, hint: '' })
  const isEnabled = read('enable', readFlag)
  const service: ServiceLabels = {
    host: hosts.join(','),
    default: read('default', readFlag) === true ? 'true' : '',
    check: read('check', readPath) ?? '',
    balance: read('balance', readBalance) ?? '',
    sticky: read('sticky', readSticky) === 'cookie' ? 'cookie' : '',
    'sticky.cookie': read('sticky.cookie', readCookieName) ?? '',
    'sticky.secure': read('sticky.secure', readFlag) === true ? 'true' : '',
  }
  for (const key of ['sticky.cookie', 'sticky.secure'] as const) {
    if (service.sticky !== '' || service[key] === '') continue
    problems.push({ key, what: 'it has no effect', hint: 'add the label fairlead.sticky=cookie' })
  }
  const port = read('port', readInteger(1, 65_535))
  return {
    isEnabled,
    port: port ?? (given['port'] === undefined ? undefined : 'invalid'),
    weight: read('weight', readInteger(0, 256)),
    maxconn: read('maxconn', readInteger(1, 1_000_000)),
    slowstartMs: read('slowstart', readDuration),
    service,
    signature: serviceKeys.map((key) => service[key]).join('\n'),
    isLabelled: isEnabled === true || Object.keys(given).some((key) => !silentKeys.has(key)),
    problems,
  }
}

/** Where a dot cannot be written, in a variable's name or in a service's meta, `_` stands for it. */
function textOf(given: Readonly<Record<string, string>>, key: string): string | undefined {
  return given[key] ?? given[key.replace('.', '_')]
}

const noHosts = { hosts: [], complaints: [] }

function unknownKeys(given: Readonly<Record<string, string>>): LabelProblem[] {
  const known: readonly string[] = labelKeys
  return Object.keys(given)
    .filter((key) => !known.includes(key) && !underscored.has(key))
    .slice(0, mostUnknown)
    .map((key) => {
      const meant = nearest(key, known)
      return {
        key,
        what: 'there is no such label; it is ignored',
        hint:
          meant === undefined
            ? `known are ${known.map((each) => `fairlead.${each}`).join(', ')}`
            : `did you mean fairlead.${meant}?`,
      }
    })
}
