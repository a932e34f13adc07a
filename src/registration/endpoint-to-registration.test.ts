import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../model/endpoint.ts'
import {
  asRegistratorDoes,
  endpointToRegistration,
  withHealthStatus,
} from './endpoint-to-registration.ts'
import type { RegistrationOptions } from './endpoint-to-registration.ts'
import { readOwner } from './owner-meta.ts'
import { containerId, labContainer } from './testing/registrar-lab.ts'

function mapped(values: Partial<Endpoint> = {}, options: Partial<RegistrationOptions> = {}) {
  const candidate = labContainer(1, values)
  const [endpoint] = candidate.endpoints
  if (endpoint === undefined) throw new Error('no endpoint')
  return endpointToRegistration(endpoint, candidate, { ...asRegistratorDoes, ...options })
}

describe('a registration', () => {
  it('leaves out what is empty, and has null where there is no check', () => {
    expect(mapped({ port: 0, address: '' }).registration).toEqual({
      ID: 'pi1:web-1:80',
      Name: 'web',
      Check: null,
      Checks: null,
    })
  })

  it('has tags, meta with the check attributes, and one check', () => {
    const meta = { region: 'us2', check_http: '/' }
    expect(mapped({ tags: ['b', 'a'], meta }).registration).toEqual({
      ID: 'pi1:web-1:80',
      Name: 'web',
      Address: '10.0.0.1',
      Port: 80,
      Tags: ['b', 'a'],
      Meta: meta,
      Check: { HTTP: 'http://10.0.0.1:80/', Interval: '10s' },
      Checks: null,
    })
  })

  it('keeps check attributes out of the meta where told so', () => {
    const meta = { region: 'us2', check_http: '/' }
    const { registration } = mapped({ meta }, { isCheckMetaKept: false })
    expect(registration.Meta).toEqual({ region: 'us2' })
    expect(registration.Check?.HTTP).toBe('http://10.0.0.1:80/')
  })

  it.each([true, false])(
    'does not let a container say whose it is (marked: %s)',
    (isOwnerMarked) => {
      const claimed = { ...mapped({}, { isOwnerMarked: true, owner: 'other' }).registration.Meta }
      const meta = { ...claimed, 'fairlead-started': '1', region: 'us2' }
      const { registration } = mapped({ meta }, { isOwnerMarked, owner: 'host-a' })
      expect(registration.Meta).toMatchObject({ region: 'us2' })
      const owner = readOwner(registration.Meta ?? {})
      expect([owner?.owner, owner?.startedAtMs]).toEqual(
        isOwnerMarked ? ['host-a', 1001] : [undefined, undefined],
      )
    },
  )

  it('says whose it is, in the form that is read back', () => {
    const { registration } = mapped({ exposedPort: 8080 }, { isOwnerMarked: true, owner: 'host-a' })
    expect(readOwner(registration.Meta ?? {})).toEqual({
      owner: 'host-a',
      container: containerId(1),
      name: 'web-1',
      image: 'demo',
      exposedPort: 8080,
      startedAtMs: 1001,
    })
  })

  it('lets no attribute stand in for the owner', () => {
    const meta = { 'fairlead-owner': 'somebody' }
    const { registration } = mapped({ meta }, { isOwnerMarked: true })
    expect(registration.Meta?.['fairlead-owner']).toBe('pi1')
  })

  it('lets others override its tags only where that is followed', () => {
    const meta = { enable_tag_override: 'true' }
    expect(mapped({ meta }).registration.EnableTagOverride).toBeUndefined()
    const { registration } = mapped({ meta }, { isTagOverrideFollowed: true })
    expect(registration.EnableTagOverride).toBe(true)
  })

  it('has a TTL check for a HEALTHCHECK, in the state it has when it is sent', () => {
    const options = { healthTtlMs: 30_000 }
    expect(mapped({}, options).registration.Check).toBeNull()
    const { registration } = mapped({ isHealthReported: true, meta: { check_tcp: 'x' } }, options)
    expect(registration.Check).toBeNull()
    expect(withHealthStatus(registration, 'warning').Checks).toEqual([
      { TCP: '10.0.0.1:80', Interval: '10s' },
      {
        CheckID: 'docker-health:pi1:web-1:80',
        Name: 'Docker HEALTHCHECK',
        TTL: '30000ms',
        Status: 'warning',
      },
    ])
  })
})

describe('meta that Consul would refuse', () => {
  it('is sent as it is where it is not fitted', () => {
    expect(mapped({ meta: { 'a.b': '1' } }).registration.Meta).toEqual({ 'a.b': '1' })
  })

  it.each([
    ['a.b', '1'],
    ['', '1'],
    ['consul-x', '1'],
    ['k'.repeat(129), '1'],
    ['v', 'é'.repeat(257)],
  ])('is left out, with a problem: %s', (key, value) => {
    const { registration, problems } = mapped(
      { meta: { [key]: value, good: 'yes' } },
      { isMetaFitted: true },
    )
    expect(registration.Meta).toEqual({ good: 'yes' })
    expect(problems).toHaveLength(1)
    expect(problems[0]?.where).toContain('container web-1')
  })

  it('is left out beyond 64 keys, the owner mark never', () => {
    const meta = Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`k${at}`, 'v']))
    const { registration, problems } = mapped({ meta }, { isMetaFitted: true, isOwnerMarked: true })
    expect(Object.keys(registration.Meta ?? {})).toHaveLength(64)
    expect(readOwner(registration.Meta ?? {})).toBeDefined()
    expect(problems).toHaveLength(12)
  })
})
