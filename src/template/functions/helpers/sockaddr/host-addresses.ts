import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parseNetwork } from './ip-network.ts'
import type { IpNetwork } from './ip-network.ts'

export type InterfaceFlag = 'up' | 'broadcast' | 'loopback' | 'point-to-point' | 'multicast'

/** An address of one of this machine's interfaces. */
export type HostAddress = IpNetwork & {
  readonly name: string
  readonly flags: readonly InterfaceFlag[]
}

/** What a host has: its addresses, and the interface that the default route leaves by. */
export type Host = {
  readonly addresses: readonly HostAddress[]
  /** Undefined: there is no such route, or it is not known. */
  readonly defaultInterface: string | undefined
}

/** Linux's bits (netdevice(7)), in the order in which Go prints them. */
const flagBits: readonly (readonly [number, InterfaceFlag])[] = [
  [0x1, 'up'],
  [0x2, 'broadcast'],
  [0x8, 'loopback'],
  [0x10, 'point-to-point'],
  [0x1000, 'multicast'],
]

/** The text of one of the kernel's files; undefined on systems that do not have it. */
function kernelText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Node only lists interfaces that are up. */
function flagsOf(name: string, isInternal: boolean): readonly InterfaceFlag[] {
  const bits = Number(kernelText(`/sys/class/net/${name}/flags`)?.trim())
  if (Number.isInteger(bits)) return flagBits.flatMap(([bit, flag]) => (bits & bit ? [flag] : []))
  return isInternal ? ['up', 'loopback'] : ['up']
}

/** The interface of the default route of the least metric, of the kernel's table of IPv4 routes. */
export function defaultInterfaceOf(routes: string): string | undefined {
  const isGateway = (flags: string) => (Number.parseInt(flags, 16) & 0x3) === 0x3
  const found = routes
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, to = '', , flags = '', , , , mask = '']) => {
      return /^0{8}$/.test(to) && /^0{8}$/.test(mask) && isGateway(flags)
    })
  return found.toSorted((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0]
}

/** This machine as it is now. */
export function readHost(): Host {
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos.flatMap(({ cidr, internal }) => {
      const network = parseNetwork(cidr ?? '')
      return network === undefined ? [] : [{ ...network, name, flags: flagsOf(name, internal) }]
    }),
  )
  return { addresses, defaultInterface: defaultInterfaceOf(kernelText('/proc/net/route') ?? '') }
}
