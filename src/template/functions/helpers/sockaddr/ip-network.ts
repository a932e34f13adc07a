import { isIP, isIPv4 } from 'node:net'

/** An address with the size of its network, as `192.0.2.1/24`. */
export type IpNetwork = {
  readonly version: 4 | 6
  readonly address: bigint
  readonly maskBits: number
}

export const widthOf = ({ version }: IpNetwork): number => (version === 4 ? 32 : 128)

const allOnes = (bits: number): bigint => (1n << BigInt(bits)) - 1n

export function maskOf(network: IpNetwork): bigint {
  const width = widthOf(network)
  return allOnes(width) ^ allOnes(width - network.maskBits)
}

const ofParts = (parts: readonly number[], bits: number): bigint =>
  parts.reduce((sum, part) => (sum << BigInt(bits)) | BigInt(part), 0n)

/** The bits of a valid address. */
function addressOf(text: string): bigint {
  if (isIPv4(text)) return ofParts(text.split('.').map(Number), 8)
  const tail = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  // The last four bytes may be written as those of IPv4.
  const groups = tail
    ? text.slice(0, tail.index) +
      [tail.slice(1, 3), tail.slice(3, 5)]
        .map(([high, low]) => (Number(high) * 256 + Number(low)).toString(16))
        .join(':')
    : text
  const [before = '', after] = groups.split('::')
  const numbers = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const head = numbers(before)
  const end = numbers(after ?? '')
  const zeros = Array.from({ length: Math.max(8 - head.length - end.length, 0) }, () => 0)
  return ofParts([...head, ...zeros, ...end], 16)
}

/** An address, with or without `/BITS`; undefined if it is none. A zone is left out. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const [, ip = '', bits] = /^([^/%]*)(?:%[^/]*)?(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(ip)
  if (version !== 4 && version !== 6) return undefined
  const width = version === 4 ? 32 : 128
  const maskBits = bits === undefined ? width : Number(bits)
  return maskBits > width ? undefined : { version, address: addressOf(ip), maskBits }
}

function groupsOf(address: bigint, count: number, bits: number): readonly number[] {
  return Array.from({ length: count }, (_, index) =>
    Number((address >> BigInt((count - 1 - index) * bits)) & allOnes(bits)),
  )
}

/** An address in its shortest form (RFC 5952). */
export function textOfAddress(version: 4 | 6, address: bigint): string {
  if (version === 4) return groupsOf(address, 4, 8).join('.')
  const text = groupsOf(address, 8, 16)
    .map((group) => group.toString(16))
    .join(':')
  // The first of the longest runs of zeros, of two at least, is left out.
  const runs = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)]
  const longest = runs.toSorted((a, b) => b[0].length - a[0].length)[0]
  if (longest === undefined) return text
  const [before, after] = [
    text.slice(0, longest.index),
    text.slice(longest.index + longest[0].length),
  ]
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`
}

/** The decimal bytes of an address. */
export function bytesOfAddress(network: IpNetwork): readonly number[] {
  return groupsOf(network.address, widthOf(network) / 8, 8)
}

/** Whether an address is in a network, and its own network no larger than that. */
export function isWithin(inner: IpNetwork, outer: IpNetwork): boolean {
  if (inner.version !== outer.version || inner.maskBits < outer.maskBits) return false
  const mask = maskOf(outer)
  return (inner.address & mask) === (outer.address & mask)
}

export const networkAddress = (network: IpNetwork): bigint => network.address & maskOf(network)

/** In IPv4 the broadcast address. */
export const lastAddress = (network: IpNetwork): bigint =>
  networkAddress(network) | allOnes(widthOf(network) - network.maskBits)
