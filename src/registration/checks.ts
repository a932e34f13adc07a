import { isIPv6 } from 'node:net'
import type { CheckDefinition } from '../consul/types.ts'
import type { Problem } from '../model/problem.ts'
import { scriptWords } from './script-words.ts'

export type CheckOptions = {
  /** Every check that is asked for, `check_2_http` and so on too; false: Registrator's one. */
  readonly areSeveralMade: boolean
  /**
   * Attributes that Registrator does not know: `check_docker`, `check_docker_shell`, `check_args`,
   * `check_http_header`, `check_http_body`; and `check_tls_skip_verify` for `check_https`.
   */
  readonly isExtended: boolean
  /**
   * False: no check that runs a command on the agent's host (`check_cmd`, `check_script`,
   * `check_args`); whoever may start a container could run what he likes there.
   */
  readonly areCommandsMade: boolean
}

/** What a check is about. The address is without brackets. */
export type CheckTarget = {
  readonly address: string
  readonly port: number
  readonly exposedPort: number
  readonly containerId: string
}

export type Checks = {
  readonly checks: readonly CheckDefinition[]
  readonly problems: readonly Problem[]
}

/** Reads an attribute of one family: `http` is `check_http`, or `check_2_http` in the second. */
type Read = (name: string) => string

type Context = CheckTarget & CheckOptions & { readonly problems: Problem[] }

/** A kind of check: the attribute that asks for it, and what it becomes. */
type Row = {
  readonly name: string
  readonly hasTimeout: boolean
  readonly isExtension?: true
  /** Runs on the agent's host. */
  readonly isCommand?: true
  make(value: string, read: Read, context: Context): CheckDefinition
}

/** Without scheme and path; IPv6 in brackets. */
export function hostAndPort(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`
}

/** Without its slash a path could go on with the port, or make user names of both (`@other/`). */
function urlOf(scheme: 'http' | 'https', path: string, { address, port }: CheckTarget): string {
  const slash = /^[/?]/.test(path) ? '' : '/'
  return `${scheme}://${hostAndPort(address, port)}${slash}${path}`
}

/** In Registrator's order: the first that is asked for counts. */
const rows: readonly Row[] = [
  {
    name: 'http',
    hasTimeout: true,
    make: (value, read, context) => ({
      HTTP: urlOf('http', value, context),
      ...optional('Method', read('http_method')),
      ...httpExtras(read, context),
    }),
  },
  {
    name: 'https',
    hasTimeout: true,
    make: (value, read, context) => ({
      HTTP: urlOf('https', value, context),
      ...optional('Method', read('https_method')),
      ...(context.isExtended && read('tls_skip_verify') !== '' ? { TLSSkipVerify: true } : {}),
      ...httpExtras(read, context),
    }),
  },
  {
    name: 'cmd',
    hasTimeout: false,
    isCommand: true,
    make: (value, _read, { containerId, exposedPort }) => ({
      ScriptArgs: ['check-cmd', containerId.slice(0, 12), `${exposedPort}`, value],
    }),
  },
  {
    name: 'script',
    hasTimeout: false,
    isCommand: true,
    make: (value, _read, context) => ({
      ScriptArgs: wordsOf('check_script', withPlace(value, context), context),
    }),
  },
  { name: 'ttl', hasTimeout: false, make: (value) => ({ TTL: value }) },
  {
    name: 'tcp',
    hasTimeout: true,
    make: (_value, _read, { address, port }) => ({ TCP: hostAndPort(address, port) }),
  },
  {
    name: 'grpc',
    hasTimeout: true,
    make: (_value, read, { address, port }) => ({
      GRPC: hostAndPort(address, port),
      ...(read('grpc_use_tls') === ''
        ? {}
        : {
            GRPCUseTLS: true,
            ...(read('tls_skip_verify') === '' ? {} : { TLSSkipVerify: true }),
          }),
    }),
  },
  {
    name: 'args',
    hasTimeout: true,
    isExtension: true,
    isCommand: true,
    make: (value, _read, context) => ({
      ScriptArgs: listOf(value, context).map((each) => withPlace(each, context)),
    }),
  },
  {
    name: 'docker',
    hasTimeout: true,
    isExtension: true,
    make: (value, read, context) => {
      const command = withPlace(value, context)
      const shell = read('docker_shell')
      return {
        DockerContainerID: context.containerId,
        ScriptArgs:
          shell === '' ? wordsOf('check_docker', command, context) : [shell, '-c', command],
      }
    },
  },
]

/**
 * Consul's checks that the attributes (`SERVICE_CHECK_*`, keys in lower case) ask for. An attribute
 * that is not empty asks, whatever its value. A numbered family reads only attributes of its own
 * number; families stand in the order of their numbers.
 */
export function checksOf(
  attributes: Readonly<Record<string, string>>,
  target: CheckTarget,
  options: CheckOptions,
): Checks {
  const context: Context = { ...target, ...options, problems: [] }
  const families = options.areSeveralMade ? ['check_', ...numberedFamilies(attributes)] : ['check_']
  const checks = families.flatMap((prefix) =>
    familyChecks((name) => attributes[`${prefix}${name}`] ?? '', context),
  )
  return { checks, problems: context.problems }
}

function familyChecks(read: Read, context: Context): readonly CheckDefinition[] {
  const asked = rows.filter(
    ({ name, isExtension }) => (context.isExtended || isExtension !== true) && read(name) !== '',
  )
  const made = asked.filter((row) => isAllowed(row, context))
  return (context.areSeveralMade ? made : made.slice(0, 1)).map((row) => ({
    ...row.make(read(row.name), read, context),
    ...(row.name === 'ttl' ? {} : { Interval: read('interval') || '10s' }),
    ...(row.hasTimeout ? optional('Timeout', read('timeout')) : {}),
    ...optional('Status', read('initial_status')),
    ...optional('DeregisterCriticalServiceAfter', read('deregister_after')),
  }))
}

function isAllowed({ name, isCommand }: Row, { areCommandsMade, problems }: Context): boolean {
  if (isCommand !== true || areCommandsMade) return true
  const what = "would run a command on the agent's host, which containers may not here"
  const hint = 'allow it with --command-checks, or use another kind of check'
  problems.push({ where: `attribute check_${name}`, what, hint })
  return false
}

/** `check_2_`, `check_3_`, … as far as there are attributes of them. */
function numberedFamilies(attributes: Readonly<Record<string, string>>): readonly string[] {
  const numbers = Object.keys(attributes).flatMap(
    (key) => /^check_([1-9]\d*)_/.exec(key)?.[1] ?? [],
  )
  return [...new Set(numbers)]
    .toSorted((a, b) => Number(a) - Number(b))
    .map((number) => `check_${number}_`)
}

function httpExtras(read: Read, { isExtended, problems }: Context): CheckDefinition {
  if (!isExtended) return {}
  // No object while it is filled: a header may be called `constructor`.
  const headers = new Map<string, string[]>()
  for (const line of read('http_header').split('\n')) {
    if (line.trim() === '') continue
    const [, name, value] = /^\s*([^\s:]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) {
      problems.push(mistake('check_http_header', 'is not `Name: value`'))
    } else headers.set(name, [...(headers.get(name) ?? []), value])
  }
  return {
    ...(headers.size === 0 ? {} : { Header: Object.fromEntries(headers) }),
    ...optional('Body', read('http_body')),
  }
}

function withPlace(text: string, { address, port }: CheckTarget): string {
  return text.replaceAll(/\$SERVICE_(IP|PORT)(?!\w)/g, (_, name) =>
    name === 'IP' ? address : `${port}`,
  )
}

/** A command that cannot be split goes as one word. */
function wordsOf(attribute: string, text: string, { problems }: Context): readonly string[] {
  const words = scriptWords(text)
  if (words !== undefined && words.length > 0) return words
  problems.push(mistake(attribute, 'has a quote that is not closed, so it is not split'))
  return [text]
}

function listOf(text: string, { problems }: Context): readonly string[] {
  const words = parsedList(text)
  if (words !== undefined && words.length > 0) return words
  problems.push(mistake('check_args', 'is no JSON list of strings; it is taken as one word'))
  return [text]
}

function parsedList(text: string): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(text)
    const isList = Array.isArray(list) && list.every((each) => typeof each === 'string')
    return isList ? list : undefined
  } catch {
    return undefined
  }
}

function mistake(attribute: string, what: string): Problem {
  const variable = `SERVICE_${attribute.toUpperCase()}`
  return { where: `attribute ${attribute}`, what, hint: `correct ${variable} of the container` }
}

function optional<K extends keyof CheckDefinition>(
  key: K,
  value: string,
): { readonly [Key in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { readonly [Key in K]?: string })
}
