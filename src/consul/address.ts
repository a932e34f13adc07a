import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { ConsulOptions } from './contract.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Which Consul, and where in it. */
export type ConsulUri = {
  /** `agent`: services of an agent; `keys`: keys below `prefix` in the key-value store. */
  readonly kind: 'agent' | 'keys'
  readonly options: ConsulOptions
  /** Without a leading slash; empty for `agent`. */
  readonly prefix: string
}

const defaultAddress = '127.0.0.1:8500'
const forms =
  'consul://HOST:PORT[,HOST:PORT…], consul-tls://HOST:PORT or consul-unix:///PATH of a socket'

/** `consulUri` for those who only need to know how to speak to it. */
export function consulOptions(uri: string | undefined, environment: Environment): ConsulOptions {
  return consulUri(uri, environment).options
}

/**
 * Reads a registry's URI and the variables that Consul's own programs read
 * (https://developer.hashicorp.com/consul/commands#environment-variables): `consul`, `consul-tls`,
 * `consul-unix`, `consulkv`, `consulkv-unix`. The URI's addresses win over CONSUL_HTTP_ADDR; of its
 * query `dc` counts; user, password and, but for `consulkv`, path are ignored. Throws FairleadError
 * `setting_invalid`, or `registry_unsupported` for another kind of registry. No message has a secret.
 */
export function consulUri(uri: string | undefined, environment: Environment): ConsulUri {
  const { scheme, hosts, path, query } = split(uri ?? 'consul://')
  const isTls = scheme === 'consul-tls'
  const common = {
    datacenter: query.get('dc') || undefined,
    ...fromEnvironment(environment, isTls),
  }
  const at = (addresses: readonly string[]): ConsulOptions => ({ addresses, ...common })
  const overNet = (): ConsulOptions => at(addressesOf(hosts, environment, isTls))
  switch (scheme) {
    case 'consul':
    case 'consul-tls':
      return { kind: 'agent', options: overNet(), prefix: '' }
    case 'consul-unix':
      return { kind: 'agent', options: at([socketAddress(hosts + path)]), prefix: '' }
    case 'consulkv':
      return { kind: 'keys', options: overNet(), prefix: prefixIn(path) }
    case 'consulkv-unix': {
      const [socket = '', prefix = ''] = (hosts + path).split(/:(.*)/s)
      return { kind: 'keys', options: at([socketAddress(socket)]), prefix: prefixIn(prefix) }
    }
    default:
      throw new FairleadError('registry_unsupported', `fairlead does not speak to ${scheme}`, {
        hint: `use ${forms}`,
      })
  }
}

function split(uri: string): {
  readonly scheme: string
  readonly hosts: string
  readonly path: string
  readonly query: URLSearchParams
} {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i.exec(uri)
  if (parts === null) throw invalid('not the URI of a registry', `use ${forms}`)
  const [, scheme = '', authority = '', path = '', query = ''] = parts
  const hosts = authority.slice(authority.lastIndexOf('@') + 1)
  return { scheme: scheme.toLowerCase(), hosts, path, query: new URLSearchParams(query) }
}

function addressesOf(hosts: string, environment: Environment, isTlsWanted: boolean): string[] {
  const isTls = isTlsWanted || isTrue(environment, 'CONSUL_HTTP_SSL', false)
  if (hosts !== '') return hosts.split(',').map((host) => address(host, isTls))
  const given = environment['CONSUL_HTTP_ADDR']?.trim() || defaultAddress
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(given) ?? []
  switch (scheme?.toLowerCase()) {
    case 'unix':
      return [socketAddress(rest)]
    case 'https':
      return [address(hostIn(rest), true)]
    case 'http':
    case undefined:
      return [address(hostIn(rest), isTls)]
    default:
      throw invalid(
        'CONSUL_HTTP_ADDR is no address',
        'use HOST:PORT, https://HOST:PORT or unix://PATH',
      )
  }
}

function hostIn(rest: string): string {
  const [authority = ''] = rest.split(/[/?#]/)
  return authority.slice(authority.lastIndexOf('@') + 1)
}

/** `HOST`, `HOST:PORT`, `:PORT`, `[V6]:PORT`. Consul's ports are 8500, and 8501 with TLS. */
function address(host: string, isTls: boolean): string {
  const [, name, port] = /^(\[[0-9a-f:.]+\]|[^:[\]\s]*)(?::(\d+))?$/i.exec(host) ?? []
  const number = Number(port ?? (isTls ? 8501 : 8500))
  const url = `${isTls ? 'https' : 'http'}://${name || '127.0.0.1'}:${number}`
  if (name !== undefined && number > 0 && number < 65_536 && URL.canParse(url)) return url
  throw invalid(`not an address of Consul: ${host}`, `use ${forms}`)
}

function socketAddress(path: string): string {
  if (path === '') throw invalid('the path of Consul’s socket is missing', `use ${forms}`)
  return `unix://${encodeURI(resolve(path))}`
}

function prefixIn(path: string): string {
  const prefix = path.replace(/^\//, '').replace(/\/+$/, '')
  if (prefix !== '') return decoded(prefix)
  throw invalid('the URI has no path for the keys', 'use consulkv://HOST:PORT/PREFIX')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(`not percent-encoded: ${text}`, 'write % as %25')
  }
}

type FromEnvironment = Pick<ConsulOptions, 'token' | 'auth' | 'tls'>

/** CONSUL_TLSCERT and CONSUL_TLSKEY are older names, honoured where TLS is asked for by the URI. */
function fromEnvironment(environment: Environment, isTls: boolean): FromEnvironment {
  const value = (name: string): string | undefined => environment[name]?.trim() || undefined
  const older = (name: string): string | undefined => (isTls ? value(name) : undefined)
  const certFile = value('CONSUL_CLIENT_CERT') ?? older('CONSUL_TLSCERT')
  const keyFile = value('CONSUL_CLIENT_KEY') ?? older('CONSUL_TLSKEY')
  if ((certFile === undefined) !== (keyFile === undefined))
    throw invalid(
      "of a client's certificate for Consul and its key only one is given",
      'set CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY',
    )
  return {
    token: tokenIn(value('CONSUL_HTTP_TOKEN_FILE')) ?? checkedToken(value('CONSUL_HTTP_TOKEN')),
    auth: value('CONSUL_HTTP_AUTH'),
    tls: {
      caFile: value('CONSUL_CACERT'),
      caFolder: value('CONSUL_CAPATH'),
      certFile,
      keyFile,
      serverName: value('CONSUL_TLS_SERVER_NAME'),
      isVerified: isTrue(environment, 'CONSUL_HTTP_SSL_VERIFY', true),
    },
  }
}

/** As in Consul's own programs the file wins over the variable, unless it is empty. */
function tokenIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return checkedToken(readFileSync(file, 'utf8').trim() || undefined)
  } catch (error) {
    if (error instanceof FairleadError) throw error
    throw new FairleadError('setting_invalid', `cannot read the token file: ${messageOf(error)}`, {
      hint: 'check CONSUL_HTTP_TOKEN_FILE',
      cause: error,
    })
  }
}

function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token
  throw invalid("Consul's token has characters that no token has", 'check CONSUL_HTTP_TOKEN')
}

/** What Go's strconv.ParseBool takes; empty is as if it were not set. */
function isTrue(environment: Environment, name: string, byDefault: boolean): boolean {
  const text = environment[name]?.trim() ?? ''
  if (text === '') return byDefault
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw invalid(`${name} is neither true nor false`, 'use true or false')
}

const invalid = (message: string, hint: string): FairleadError =>
  new FairleadError('setting_invalid', message, { hint })
