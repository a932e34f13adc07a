import { parseNetwork } from './ip-network.ts'
import type { IpNetwork } from './ip-network.ts'

/** Networks with white space between them. */
export function networks(text: string): readonly IpNetwork[] {
  return text.split(/\s+/).flatMap((each) => parseNetwork(each) ?? [])
}

const documentation = '192.0.2.0/24 198.51.100.0/24 203.0.113.0/24'

/** Networks that were set aside, by the number of the RFC. */
export const networksOfRfcs: ReadonlyMap<number, readonly IpNetwork[]> = new Map([
  [919, networks('255.255.255.255/32')],
  [1112, networks('224.0.0.0/4')],
  [1122, networks('0.0.0.0/8 127.0.0.0/8')],
  [1918, networks('10.0.0.0/8 172.16.0.0/12 192.168.0.0/16')],
  [2544, networks('198.18.0.0/15')],
  [3056, networks('2002::/16')],
  [3068, networks('192.88.99.0/24 2002:c058:6301::/120')],
  [3171, networks('224.0.0.0/4')],
  [3849, networks('2001:db8::/32')],
  [3927, networks('169.254.0.0/16')],
  [4193, networks('fc00::/7')],
  [4291, networks('::/128 ::1/128 ::/96 ::ffff:0:0/96 fe80::/10 fec0::/10 ff00::/8')],
  [4380, networks('2001::/32')],
  [4843, networks('2001:10::/28')],
  [5737, networks(documentation)],
  [6052, networks('64:ff9b::/96')],
  [6598, networks('100.64.0.0/10')],
  [6666, networks('100::/64')],
  [
    6890,
    networks(
      `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
       192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 240.0.0.0/4 255.255.255.255/32 ${documentation}
       ::1/128 ::/128 64:ff9b::/96 ::ffff:0:0/96 100::/64 2001::/23 2001:db8::/32 2002::/16
       fc00::/7 fe80::/10`,
    ),
  ],
])

/** Addresses that routers do not pass on (RFC 6890, tables 1 to 32), multicast among them. */
export const unforwardable: readonly IpNetwork[] = networks(
  `0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/29 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
   ${documentation} ::1/128 ::/128 ::ffff:0:0/96 2001:db8::/32 2001:10::/28 fe80::/10 ff00::/8`,
)
