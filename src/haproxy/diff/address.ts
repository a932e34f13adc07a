import { isIP, SocketAddress } from 'node:net'

/** An IP address without brackets, and a port; 0: none given, the client's own is used. */
export type ServerAddress = { readonly address: string; readonly port: number }

/**
 * Reads a server's address word (configuration.txt §4.2, `server`): `10.0.0.1:80`, `[::1]:80`,
 * `::1:80`, `ipv6@::1:80`. Undefined for what is not a plain IP address with a plain port: host
 * names, sockets, `+80`.
 */
export function parseServerAddress(word: string): ServerAddress | undefined {
  const bare = /^ipv[46]@/.test(word) ? word.slice(5) : word
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(bare)
  if (bracketed !== null) return toAddress(bracketed[1] ?? '', bracketed[2] ?? '0')
  const colon = bare.lastIndexOf(':')
  if (colon === -1) return toAddress(bare, '0')
  return toAddress(bare.slice(0, colon), bare.slice(colon + 1))
}

/** As HAProxy takes it in a configuration and in `add server`. */
export function printServerAddress({ address, port }: ServerAddress): string {
  const host = address.includes(':') ? `[${address}]` : address
  return port === 0 ? host : `${host}:${port}`
}

/** Whether two addresses are the same, however they are written. */
export function isSameAddress(one: string, other: string): boolean {
  return one === other || (isIP(one) === 6 && canonical(one) === canonical(other))
}

function toAddress(address: string, port: string): ServerAddress | undefined {
  if (isIP(address) === 0 || !/^\d{1,5}$/.test(port)) return undefined
  return { address, port: Number(port) }
}

function canonical(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address
}
