import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { MockInstance } from 'vitest'
import { FoundByAddress } from './found-by-address.ts'
import type { NetworkDetails } from './rules.ts'
import { Subnets } from './subnets.ts'

function network(name: string, driver: string, subnet: string): readonly [string, NetworkDetails] {
  const others = { isAttachable: true, isIngress: name === 'ingress', isInternal: false }
  return [`id-${name}`, { name, driver, scope: 'local', subnets: [subnet], ...others }]
}

const listed = new Map([
  network('bridge', 'bridge', '10.0.0.0/16'),
  network('ingress', 'overlay', '10.0.0.0/24'),
  network('apps', 'overlay', '10.0.1.0/24'),
])

let details: ReadonlyMap<string, NetworkDetails>
let found: FoundByAddress
let looked: MockInstance<Subnets['has']>

beforeEach(() => {
  details = listed
  found = new FoundByAddress(() => details)
  looked = vi.spyOn(Subnets.prototype, 'has')
})

afterEach(() => {
  looked.mockRestore()
})

it('finds the network of an address among those of the drivers that are asked for', () => {
  expect(found.networkOf('10.0.1.7', ['overlay'])?.name).toBe('apps')
  expect(found.networkOf('10.0.1.7')?.name).toBe('bridge')
  expect(found.networkOf('10.0.1.7', ['macvlan'])).toBeUndefined()
  expect(found.networkOf('10.0.0.7', ['overlay'])).toBeUndefined()
  expect(found.networkOf('192.0.2.1')).toBeUndefined()
})

it('looks each address up once until the daemon lists other networks', () => {
  for (let pass = 0; pass < 3; pass++) {
    expect(found.networkOf('10.0.1.7', ['overlay'])?.name).toBe('apps')
    expect(found.networkOf('192.0.2.1')).toBeUndefined()
  }
  expect(looked).toHaveBeenCalledTimes(2 * listed.size)
  details = new Map([network('other', 'overlay', '192.0.2.0/24')])
  expect(found.networkOf('10.0.1.7', ['overlay'])).toBeUndefined()
  expect(found.networkOf('192.0.2.1')?.name).toBe('other')
})
