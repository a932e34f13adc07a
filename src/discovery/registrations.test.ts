import { describe, expect, it } from 'vitest'
import type { ServiceRegistration } from '../model/service-registration.ts'
import { registrationToCandidate, withMaintenance } from './registrations.ts'

const context = { node: 'pi1', nowMs: 5_000, previous: undefined }
const web: ServiceRegistration = { ID: 'web-9', Name: 'web', Address: '10.0.0.9', Port: 8080 }

describe('a registration', () => {
  it('becomes an endpoint with its meta as routing labels', () => {
    const candidate = registrationToCandidate(
      {
        ...web,
        Tags: ['a'],
        Meta: { Fairlead_Host: 'shop.example.org', zone: 'x' },
        Weights: { Passing: 7 },
      },
      context,
    )
    expect(candidate.endpoints[0]).toMatchObject({
      id: 'web-9',
      service: 'web',
      address: '10.0.0.9',
      port: 8080,
      tags: ['a'],
      labels: { host: 'shop.example.org', weight: '7' },
      meta: { fairlead_host: 'shop.example.org', zone: 'x' },
      health: 'passing',
      startedAtMs: 5_000,
    })
  })

  it('is named by its service and is on this machine when it says nothing else', () => {
    const candidate = registrationToCandidate({ Name: 'web', Port: 80 }, context)
    expect(candidate.key).toBe('web')
    expect(candidate.endpoints[0]?.address).toBe('127.0.0.1')
  })

  it('keeps its start time when registered again, and gets a new one with a new address', () => {
    const previous = registrationToCandidate(web, context)
    const again = registrationToCandidate(web, { ...context, nowMs: 9_000, previous })
    expect(again).toEqual(previous)
    const moved = registrationToCandidate(
      { ...web, Address: '10.0.0.10' },
      { ...context, nowMs: 9_000, previous },
    )
    expect(moved.endpoints[0]?.startedAtMs).toBe(9_000)
    expect(moved.endpoints[0]?.identity).not.toBe(previous.endpoints[0]?.identity)
  })

  it('stays in maintenance when registered again, until that is taken back', () => {
    const out = withMaintenance(registrationToCandidate(web, context), true, 'disk change')
    const again = registrationToCandidate(web, { ...context, previous: out })
    expect(again.endpoints[0]).toMatchObject({ health: 'maintenance', healthReason: 'disk change' })
    expect(withMaintenance(again, false, '').endpoints[0]?.health).toBe('passing')
  })

  it.each([
    [{ ...web, Port: 0 }, 'Port'],
    [{ ...web, Port: 80.5 }, 'Port'],
    [{ ...web, Address: 'db.internal' }, 'Address'],
    [{ ...web, Address: 'fe80::1%eth0' }, 'Address'],
    [{ ...web, Name: '' }, 'Name'],
    [{ ...web, ID: 'a\nb' }, 'ID'],
    [{ ...web, ID: 'a\u009b31m' }, 'ID'],
    [{ ...web, Name: 'a\ud800' }, 'Name'],
    [{ ...web, ID: 'x'.repeat(60_000) }, 'ID'],
  ])('is refused by name when it makes no sense: %#', (registration, field) => {
    expect(() => registrationToCandidate(registration, context)).toThrow(field)
  })
})
