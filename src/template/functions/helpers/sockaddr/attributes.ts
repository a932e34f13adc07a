import { callFailure } from '../../../go/failure.ts'
import { quote } from '../../../go/quote.ts'
import type { HostAddress } from './host-addresses.ts'
import {
  bytesOfAddress,
  lastAddress,
  maskOf,
  networkAddress,
  textOfAddress,
  widthOf,
} from './ip-network.ts'
import type { IpNetwork } from './ip-network.ts'

/** An address with `/BITS`, but for one that is a network by itself. */
export function textOfNetwork(network: IpNetwork): string {
  const address = textOfAddress(network.version, network.address)
  return network.maskBits === widthOf(network) ? address : `${address}/${network.maskBits}`
}

/** In IPv4 without the addresses of the network and of all hosts, where there are others. */
function usable(network: IpNetwork, isFirst: boolean): bigint {
  const hasOthers = network.version === 4 && network.maskBits < 31
  if (isFirst) return networkAddress(network) + (hasOthers ? 1n : 0n)
  return lastAddress(network) - (hasOthers ? 1n : 0n)
}

const addressText = ({ version, address }: IpNetwork): string => textOfAddress(version, address)

const attributes: Readonly<Record<string, (from: HostAddress) => string>> = {
  name: ({ name }) => name,
  flags: ({ flags }) => flags.join('|').replace('point-to-point', 'pointtopoint'),
  string: textOfNetwork,
  type: ({ version }) => `IPv${version}`,
  address: addressText,
  host: addressText,
  binary: (from) => from.address.toString(2).padStart(widthOf(from), '0'),
  hex: (from) => from.address.toString(16).padStart(widthOf(from) / 4, '0'),
  first_usable: (from) => textOfAddress(from.version, usable(from, true)),
  last_usable: (from) => textOfAddress(from.version, usable(from, false)),
  mask_bits: ({ maskBits }) => String(maskBits),
  netmask: (from) => textOfAddress(from.version, maskOf(from)),
  network: (from) => textOfNetwork({ ...from, address: networkAddress(from) }),
  octets: (from) => bytesOfAddress(from).join(' '),
  port: () => '0',
  size: (from) => String(1n << BigInt(widthOf(from) - from.maskBits)),
}

const ofVersion4: typeof attributes = {
  broadcast: (from) => textOfAddress(4, lastAddress(from)),
  uint32: ({ address }) => String(address),
}

const ofVersion6: typeof attributes = { uint128: ({ address }) => String(address) }

/** An attribute of an address by its name, in any case. */
export function attributeOf(name: string, from: HostAddress): string {
  const all = { ...attributes, ...(from.version === 4 ? ofVersion4 : ofVersion6) }
  const key = name.toLowerCase()
  const attribute = Object.hasOwn(all, key) ? all[key] : undefined
  if (attribute === undefined) {
    throw callFailure(`unsupported attribute ${quote(name)} of an IPv${from.version} address`)
  }
  return attribute(from)
}
