import { BlockList, isIPv4, isIPv6 } from 'node:net'
import * as v from 'valibot'
import type { DockerHost } from './settings.ts'
import { reads } from './values.ts'
import type { ValueParser } from './values.ts'

/**
 * An address to listen on, normalised: `127.0.0.1:8080`, `[::1]:8080`, `*:8080`. A port alone is
 * that port on 127.0.0.1, `:8080` is all IPv4 addresses, `localhost` is 127.0.0.1. Other names are
 * refused: what they resolve to may change between two starts.
 */
export const listenAddress: ValueParser<string> = reads(
  'ADDR:PORT, such as 127.0.0.1:8080, *:80 or [::1]:8080',
  readListenAddress,
)

/** The same, or `none`, which is undefined: no TCP address at all. */
export const adminAddress: v.GenericSchema<string, string | undefined> = v.pipe(
  reads('ADDR:PORT, such as 127.0.0.1:7400, or none', (text) =>
    text === 'none' ? text : readListenAddress(text),
  ),
  v.transform((value) => (value === 'none' ? undefined : value)),
)

function readListenAddress(text: string): string | undefined {
  if (isPort(text)) return `127.0.0.1:${Number(text)}`
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:]*)):(\d{1,5})$/.exec(text)
  if (match === null || !isPort(match[3] ?? '')) return undefined
  const port = Number(match[3])
  const v6 = match[1]
  if (v6 !== undefined) return isIPv6(v6) ? `[${v6.toLowerCase()}]:${port}` : undefined
  const host = match[2] ?? ''
  if (host === '' || host === '*') return `*:${port}`
  if (host === 'localhost') return `127.0.0.1:${port}`
  return isIPv4(host) ? `${host}:${port}` : undefined
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}

/** Host and port of a normalised address; the host without brackets. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(address.slice(colon + 1)) }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether only this machine can reach the address. */
export function isLoopback(address: string): boolean {
  const { host } = splitAddress(address)
  if (host === '*') return false
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

/** Whether two addresses cannot be listened on at the same time. */
export function overlaps(a: string, b: string): boolean {
  const one = splitAddress(a)
  const other = splitAddress(b)
  if (one.port !== other.port) return false
  if (one.host === other.host) return true
  const isAllV4 = (host: string): boolean => host === '*' || host === '0.0.0.0'
  return (isAllV4(one.host) && !isIPv6(other.host)) || (isAllV4(other.host) && !isIPv6(one.host))
}

/**
 * `none`, or a Docker daemon as `[NAME=]URL`. A tcp URL may end in `?certs=FOLDER`, the folder with
 * ca.pem, cert.pem and key.pem for TLS.
 */
export const dockerHost: ValueParser<DockerHost | 'none'> = reads(
  '[NAME=]URL with a unix:///PATH, tcp://HOST:PORT or ssh://[USER@]HOST URL, or none',
  readDockerHost,
)

function readDockerHost(text: string): DockerHost | 'none' | undefined {
  if (text === 'none') return text
  const match = /^(?:([A-Za-z0-9][A-Za-z0-9_.-]{0,62})=)?([a-z]+:\/\/\S+)$/.exec(text)
  const name = match?.[1]
  const [url = '', certFolder, ...rest] = (match?.[2] ?? '').split('?certs=')
  if (rest.length > 0) return undefined
  if (url.startsWith('unix://')) {
    return /^unix:\/\/\/[^?#]+$/.test(url) && certFolder === undefined
      ? { name, url, certFolder }
      : undefined
  }
  if (!isRemote(url)) return undefined
  if (certFolder === undefined) return { name, url: trimmed(url), certFolder }
  const isTls = url.startsWith('tcp://') && certFolder.startsWith('/')
  return isTls ? { name, url: trimmed(url), certFolder } : undefined
}

function isRemote(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(url)
  if (hostname === '' || search !== '' || hash !== '' || password !== '') return false
  // A name that begins with a hyphen would be an option to the ssh program.
  if (hostname.startsWith('-') || username.startsWith('-')) return false
  if (pathname !== '' && pathname !== '/') return false
  return protocol === 'ssh:' || (protocol === 'tcp:' && port !== '' && username === '')
}

function trimmed(url: string): string {
  return url.replace(/\/$/, '')
}
