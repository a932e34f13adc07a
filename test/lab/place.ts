import { join } from 'node:path'

/** Most hosts of a lab; the address plan has room for no more. */
export const mostHosts = 15

/** How many labs the address plan has room for at a time. */
export const slots = 32

/**
 * Where a lab lives: a name of its own for everything the kernel has only one list of, a folder, and
 * a /14 of 10.0.0.0/8, which its slot decides:
 *
 *     10.A.0.0/24      the cable: host N is .N, the root namespace .254
 *     10.A+1.0.0/16    overlay networks
 *     10.A+2.16N.0/20  bridge networks of host N
 */
export type Place = {
  /** `fl` and four hexadecimal digits: namespaces, links and control groups begin with it. */
  readonly prefix: string
  readonly slot: number
  readonly folder: string
}

const firstOctet = ({ slot }: Place): number => 64 + 4 * slot

export const hostAddress = (place: Place, number: number): string =>
  `10.${firstOctet(place)}.0.${number}`

/** The root namespace's address on the cable. */
export const runnerAddress = (place: Place): string => hostAddress(place, 254)

/** Addresses on the cable that no host has, for virtual ones. */
export const spareAddresses = (place: Place): readonly string[] =>
  [240, 241, 242, 243].map((number) => hostAddress(place, number))

export const overlayPool = (place: Place): string => `10.${firstOctet(place) + 1}.0.0/16`

/** All bridge networks of a host. */
export const bridgePool = (place: Place, number: number): string =>
  `10.${firstOctet(place) + 2}.${16 * number}.0/20`

/** First and last address of the lab as numbers. */
export const addressRange = (slot: number): readonly [number, number] => {
  const first = 10 * 2 ** 24 + (64 + 4 * slot) * 2 ** 16
  return [first, first + 4 * 2 ** 16 - 1]
}

/** The same at each start of a host, as its network card would have it. */
export const macAddress = ({ slot }: Place, number: number): string =>
  `02:fa:1e:ad:${hex(slot)}:${hex(number)}`

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

export const switchNamespace = ({ prefix }: Place): string => `${prefix}-switch`

export const hostNamespace = ({ prefix }: Place, number: number): string =>
  `${prefix}-host${number}`

/** The root namespace's link to the switch; a link's name has 15 bytes at most. */
export const rootLink = ({ prefix }: Place): string => `${prefix}-root`

export const hostFolder = ({ folder }: Place, number: number): string =>
  join(folder, `host${number}`)
