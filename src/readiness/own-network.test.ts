import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { watchOwnNetwork } from './own-network.ts'

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

const address = (internal: boolean): NetworkInterfaceInfo => ({
  address: internal ? '127.0.0.1' : '172.17.0.2',
  netmask: '255.0.0.0',
  family: 'IPv4',
  mac: '00:00:00:00:00:00',
  internal,
  cidr: null,
})
const loopback: Interfaces = { lo: [address(true)] }
const network: Interfaces = { ...loopback, eth0: [address(false)] }

describe('the network of this process', () => {
  const watched = (...seen: Interfaces[]): (() => boolean) =>
    watchOwnNetwork(() => seen.shift() ?? {})

  it('is lost when only loopback is left of it', () => {
    const isLost = watched(network, network, loopback)
    expect(isLost()).toBe(false)
    expect(isLost()).toBe(true)
  })

  it('is not lost while one of several is left, nor when another takes its place', () => {
    const isLost = watched({ ...network, eth1: [address(false)] }, network, {
      ...loopback,
      eth2: [address(false)],
    })
    expect(isLost()).toBe(false)
    expect(isLost()).toBe(false)
  })

  it('is not lost where there never was one', () => {
    expect(watched(loopback, loopback)()).toBe(false)
  })
})
