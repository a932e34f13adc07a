import { messageOf } from '../../model/errors.ts'
import type { ConsulSetting } from './contract.ts'
import { ConfigMistake } from './mistake.ts'
import type { GivenConsul } from './shape.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * How Consul is spoken to, from the configuration and, where that says nothing, from the variables
 * that Consul's own programs read. A token in a file wins over one beside it. Throws a
 * ConfigMistake when the token's file cannot be read.
 */
export function completeConsul(
  given: GivenConsul,
  environment: Environment,
  readFile: (path: string) => string,
): ConsulSetting {
  const variable = (...names: readonly string[]) => firstOf(environment, names)
  const { retry } = given
  return {
    address: given.address || variable('CONSUL_HTTP_ADDR'),
    token: tokenOf(given, environment, readFile),
    auth: authOf(given) ?? variable('CONSUL_HTTP_AUTH'),
    retry: {
      isEnabled: retry?.enabled ?? true,
      attempts: retry?.attempts ?? 12,
      backoffMs: retry?.backoff ?? 250,
      mostBackoffMs: retry?.max_backoff ?? 60_000,
    },
    ssl: sslOf(given.ssl, environment),
  }
}

/** The first of these variables that is not empty. */
export function firstOf(environment: Environment, names: readonly string[]): string | undefined {
  const name = names.find((each) => (environment[each] ?? '') !== '')
  return name === undefined ? undefined : environment[name]?.trim()
}

function tokenOf(
  given: GivenConsul,
  environment: Environment,
  readFile: (path: string) => string,
): string | undefined {
  const fromFile = (path: string): string | undefined => {
    try {
      return readFile(path).trim() || undefined
    } catch (error) {
      throw new ConfigMistake(`consul: error loading token file: ${messageOf(error)}`)
    }
  }
  if (given.token_file) return fromFile(given.token_file) ?? given.token
  const token = given.token || firstOf(environment, ['CONSUL_TOKEN', 'CONSUL_HTTP_TOKEN'])
  const path = firstOf(environment, ['CONSUL_TOKEN_FILE', 'CONSUL_HTTP_TOKEN_FILE'])
  return token ?? (path === undefined ? undefined : fromFile(path))
}

function authOf({ auth }: GivenConsul): string | undefined {
  const { username = '', password } = auth ?? {}
  const isEnabled = auth?.enabled ?? (username !== '' || (password ?? '') !== '')
  if (!isEnabled || username === '') return undefined
  return password === undefined ? username : `${username}:${password}`
}

/** What is given of it switches it on. */
function sslOf(given: GivenConsul['ssl'], environment: Environment): ConsulSetting['ssl'] {
  const of = (written: string | undefined, name: string) => written || firstOf(environment, [name])
  const files = {
    cert: of(given?.cert, 'CONSUL_CLIENT_CERT'),
    key: of(given?.key, 'CONSUL_CLIENT_KEY'),
    caCert: of(given?.ca_cert, 'CONSUL_CACERT'),
    caPath: of(given?.ca_path, 'CONSUL_CAPATH'),
    serverName: of(given?.server_name, 'CONSUL_TLS_SERVER_NAME'),
  }
  const isAnyGiven = Object.values({ ...given, ...files }).some((value) => value !== undefined)
  return {
    isEnabled: given?.enabled ?? flagOf(environment, 'CONSUL_HTTP_SSL') ?? isAnyGiven,
    isVerified: given?.verify ?? flagOf(environment, 'CONSUL_HTTP_SSL_VERIFY') ?? true,
    ...files,
  }
}

/** strconv.ParseBool; anything else is as if it were not set. */
function flagOf(environment: Environment, name: string): boolean | undefined {
  const written = environment[name] ?? ''
  if (/^(1|t|T|TRUE|true|True)$/.test(written)) return true
  return /^(0|f|F|FALSE|false|False)$/.test(written) ? false : undefined
}
