import { compareBytes } from '../../../go/byte-text.ts'
import { callFailure } from '../../../go/failure.ts'
import { quote } from '../../../go/quote.ts'
import { isPrivate } from './filters.ts'
import type { Host, HostAddress } from './host-addresses.ts'

type Order = (a: HostAddress, b: HostAddress) => number

const first =
  (test: (address: HostAddress) => boolean): Order =>
  (a, b) =>
    Number(test(b)) - Number(test(a))

/** Only addresses of the same version are compared. */
const within =
  (order: Order): Order =>
  (a, b) =>
    a.version === b.version ? order(a, b) : 0

const orders = (host: Host): Readonly<Record<string, Order>> => ({
  address: within((a, b) => (a.address < b.address ? -1 : Number(a.address > b.address))),
  default: first(({ name }) => name === host.defaultInterface),
  name: (a, b) => compareBytes(a.name, b.name),
  port: () => 0,
  private: first(isPrivate),
  size: within((a, b) => a.maskBits - b.maskBits),
  type: (a, b) => a.version - b.version,
})

/** Addresses by criteria as `default,-type,+size`; those that are equal stay as they were. */
export function sorted(
  host: Host,
  criteria: string,
  addresses: readonly HostAddress[],
): readonly HostAddress[] {
  const known = orders(host)
  const chosen = criteria.split(',').map((criterion): Order => {
    const [, sign, name = ''] = /^([+-]?)(.*)$/s.exec(criterion.toLowerCase().trim()) ?? []
    const order = Object.hasOwn(known, name) ? known[name] : undefined
    if (order === undefined) throw callFailure(`unknown sort type: ${quote(criterion)}`)
    return sign === '-' ? (a, b) => order(b, a) : order
  })
  return addresses.toSorted((a, b) => {
    for (const order of chosen) {
      const result = order(a, b)
      if (result !== 0) return result
    }
    return 0
  })
}
