import { callFailure } from '../../../go/failure.ts'
import { quote } from '../../../go/quote.ts'
import type { HostAddress } from './host-addresses.ts'
import { lastAddress, maskOf, networkAddress, widthOf } from './ip-network.ts'

const signedSyntax = /^\s*[+-]\d{1,20}$/

function signedOf(operation: string, text: string): bigint {
  if (!/^\s*[+-]/.test(text)) {
    throw callFailure(`sign (+/-) is required for operation ${quote(operation)}`)
  }
  if (signedSyntax.test(text)) return BigInt(text.trim().replace('+', ''))
  throw callFailure(`unable to convert ${quote(text)} to int for operation ${quote(operation)}`)
}

function masked(text: string, address: HostAddress): HostAddress {
  const width = widthOf(address)
  const bits = Number(text)
  if (!/^\d{1,3}$/.test(text) || bits > width) {
    throw callFailure(
      `parameter for operation "mask" on ipv${address.version} addresses must be between 0 and ${width}`,
    )
  }
  return {
    ...address,
    address: networkAddress({ ...address, maskBits: bits }),
    maskBits: Math.min(bits, address.maskBits),
  }
}

/**
 * An address changed: `address +N` and `-N` count from it, `network +N` from its network's first
 * address and `-N` from the last one, within the network; `mask BITS` leaves those bits of it.
 */
export function changed(operation: string, text: string, from: HostAddress): HostAddress {
  switch (operation.toLowerCase()) {
    case 'address': {
      const width = BigInt(widthOf(from))
      const sum = from.address + signedOf(operation, text)
      return { ...from, address: BigInt.asUintN(Number(width), sum) }
    }
    case 'network': {
      const steps = signedOf(operation, text)
      const hosts = lastAddress(from) - networkAddress(from) + 1n
      const inside = ((steps % hosts) + hosts) % hosts
      return { ...from, address: (from.address & maskOf(from)) + inside }
    }
    case 'mask':
      return masked(text, from)
    default:
      throw callFailure(`unsupported math operation: ${quote(operation)}`)
  }
}
