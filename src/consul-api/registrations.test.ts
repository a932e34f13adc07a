import { describe, expect, it } from 'vitest'
import { isRegistered, registrationToCandidate, type Registration } from './registrations.ts'

const web: Registration = {
  id: 'web-9',
  service: 'web',
  node: 'pi1',
  address: '10.0.0.9',
  port: 8080,
  tags: [],
  meta: {},
  weight: 1,
  registeredAtMs: 5_000,
  checked: undefined,
  maintenance: undefined,
}

describe('a registration', () => {
  it('becomes an endpoint with its meta as routing labels', () => {
    const candidate = registrationToCandidate({
      ...web,
      tags: ['a'],
      meta: { Fairlead_Host: 'shop.example.org', zone: 'x' },
      weight: 7,
    })
    const [endpoint] = candidate.endpoints
    expect(endpoint).toMatchObject({
      id: 'web-9',
      service: 'web',
      node: 'pi1',
      address: '10.0.0.9',
      port: 8080,
      tags: ['a'],
      labels: { host: 'shop.example.org', weight: '7' },
      meta: { fairlead_host: 'shop.example.org', zone: 'x' },
      health: 'passing',
      isHealthReported: false,
      draining: undefined,
      startedAtMs: 5_000,
    })
    expect(endpoint !== undefined && isRegistered(endpoint)).toBe(true)
  })

  it.each([
    ['', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['[::1]', '::1'],
  ])('with the address %j is at %s', (address, expected) => {
    const candidate = registrationToCandidate({ ...web, address })
    expect(candidate.endpoints[0]?.address).toBe(expected)
  })

  it('is another thing at another address or port', () => {
    const identity = (changes: Partial<Registration>): string | undefined =>
      registrationToCandidate({ ...web, ...changes }).endpoints[0]?.identity
    expect(identity({ tags: ['b'] })).toBe(identity({}))
    expect(identity({ address: '10.0.0.10' })).not.toBe(identity({}))
    expect(identity({ port: 81 })).not.toBe(identity({}))
  })

  it('has the health of its checks, and drains in maintenance', () => {
    const checked = { health: 'critical', reason: 'check a is critical' } as const
    expect(registrationToCandidate({ ...web, checked }).endpoints[0]).toMatchObject({
      health: 'critical',
      healthReason: 'check a is critical',
      isHealthReported: true,
      draining: undefined,
    })
    const maintenance = { reason: 'new disk', sinceMs: 7_000 }
    expect(registrationToCandidate({ ...web, checked, maintenance }).endpoints[0]).toMatchObject({
      health: 'maintenance',
      healthReason: 'new disk',
      draining: { reason: 'new disk', sinceMs: 7_000 },
    })
  })

  it.each([
    [{ port: 0 }, 'its port 0 is not 1 to 65535'],
    [{ port: 65_536 }, 'its port 65536 is not 1 to 65535'],
    [{ address: 'db.internal' }, 'its address "db.internal" is no IP address'],
    [{ address: 'fe80::1%eth0' }, 'its address "fe80::1%eth0" is no IP address'],
  ])('with %j is seen and not routed, with the reason', (changes, what) => {
    const { endpoints, problems, decisions } = registrationToCandidate({ ...web, ...changes })
    expect(endpoints).toEqual([])
    expect(problems).toEqual([expect.objectContaining({ where: 'registration web-9', what })])
    expect(decisions.at(-1)).toMatchObject({ outcome: 'stop', what })
  })

  it.each([
    [{ id: 'a\nb' }, 'ID'],
    [{ id: 'a\u009b31m' }, 'ID'],
    [{ service: 'a\ud800' }, 'Name'],
    [{ id: 'x'.repeat(60_000) }, 'ID'],
  ])('is refused for a name that nobody can do with: %#', (changes, field) => {
    expect(() => registrationToCandidate({ ...web, ...changes })).toThrow(field)
  })
})
