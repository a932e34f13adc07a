import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWithin, parseNetwork, textOfAddress } from './ip-network.ts'

describe('an address with its network', () => {
  it.each([
    ['192.0.2.1/24', '192.0.2.1', 24],
    ['0.0.0.0', '0.0.0.0', 32],
    ['::', '::', 128],
    ['::1/128', '::1', 128],
    ['2001:DB8:0:0:1:0:0:1/64', '2001:db8::1:0:0:1', 64],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3', 128],
    ['fe80::1%eth0/10', 'fe80::1', 10],
    ['::ffff:192.0.2.1', '::ffff:c000:201', 128],
    ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0', 128],
    ['1::', '1::', 128],
    ['10:0:0:100::', '10:0:0:100::', 128],
  ])('%s is %s of %d bits', (text, address, maskBits) => {
    const network = parseNetwork(text)
    expect(network?.maskBits).toBe(maskBits)
    expect(network && textOfAddress(network.version, network.address)).toBe(address)
  })

  it.each(['', 'x', '1.2.3', '1.2.3.4/33', '::/129', '1.2.3.4/', '1.2.3.4/-1', ':::', '01.2.3.4'])(
    '%j is none',
    (text) => expect(parseNetwork(text)).toBeUndefined(),
  )

  it('is read as it is written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.nat(127), (address, zeros) => {
        const sparse = (address >> BigInt(zeros)) << BigInt(zeros)
        for (const each of [address, sparse]) {
          expect(parseNetwork(textOfAddress(6, each))?.address).toBe(each)
        }
        const low = address & 0xffffffffn
        expect(parseNetwork(textOfAddress(4, low))?.address).toBe(low)
      }),
    )
  })

  it.each([
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.0.0.0/7', '10.0.0.0/8', false],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['::1', '0.0.0.0/0', false],
  ])('%s in %s: %s', (inner, outer, expected) => {
    const [a, b] = [parseNetwork(inner), parseNetwork(outer)]
    expect(a && b && isWithin(a, b)).toBe(expected)
  })
})
