import { describe, expect, it } from 'vitest'
import type { HealthEntry } from '../../consul/types.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import { candidateOf, readEntries, type EntryContext } from './entries-to-candidates.ts'
import { entriesOfCandidate, type Entry } from './entry.ts'
import {
  containerId,
  ownerMetaOf,
  sampleEntry,
  type SampleEntry,
} from '../../consul-catalogue/testing/sample-entry.ts'

const context: EntryContext = {
  warningIs: 'in',
  filter: { services: [], tags: [] },
  nowMs: 1000,
  previous: () => undefined,
}

function read(values: SampleEntry, more: Partial<EntryContext> = {}): Entry {
  const [entry] = readEntries([sampleEntry(values)], { ...context, ...more })
  if (entry === undefined) throw new Error('it was left out')
  return entry
}

function endpoint(values: SampleEntry, more: Partial<EntryContext> = {}): Endpoint {
  const entry = read(values, more)
  if (entry.endpoint === undefined) throw new Error(entry.fault?.what)
  return entry.endpoint
}

describe('an instance', () => {
  it('becomes an endpoint with what Consul says of it', () => {
    expect(endpoint({ Tags: ['a'], Meta: { Version: '2' } })).toEqual({
      id: 'pi2/web1',
      service: 'web',
      node: 'pi2',
      datacenter: 'dc1',
      address: '10.0.1.1',
      port: 8080,
      exposedPort: 8080,
      protocol: 'tcp',
      tags: ['a'],
      meta: { Version: '2' },
      labels: {},
      health: 'passing',
      healthReason: '',
      isHealthReported: false,
      draining: undefined,
      identity: 'consul pi2/web1 10.0.1.1:8080',
      startedAtMs: 1000,
    })
  })

  it('has the address of its node when it has none, and is UDP by its tag', () => {
    expect(endpoint({ Address: '', Tags: ['udp'] })).toMatchObject({
      address: '10.0.0.2',
      protocol: 'udp',
    })
    expect(endpoint({ Address: '[fd00::1]' }).address).toBe('fd00::1')
  })

  describe('whose Docker HEALTHCHECK is passed on by a fairlead', () => {
    const said = (Status: string, Output: string): SampleEntry => ({
      checks: [{ CheckID: 'docker-health:web1', Status, Output }],
    })
    const expired = said('critical', 'TTL expired (last output before timeout follows): ')
    const unheard = said('critical', '')
    const after = (values: SampleEntry): Partial<EntryContext> => {
      const before = read(values)
      return { previous: () => before }
    }

    it('is what was said last when nothing is said any more', () => {
      for (const silent of [expired, unheard]) {
        expect(endpoint(silent, after(said('passing', '')))).toMatchObject({
          health: 'passing',
          healthReason: '',
          isHealthReported: true,
        })
        expect(endpoint(silent, after(said('critical', 'HEALTHCHECK failed')))).toMatchObject({
          health: 'critical',
          healthReason: expect.stringContaining('HEALTHCHECK failed') as string,
        })
      }
    })

    it('is left to a probe when it was never heard and its time is over', () => {
      expect(endpoint(expired)).toMatchObject({ health: 'passing', isHealthReported: false })
    })

    it('is not believed to be well before anything was said', () => {
      expect(endpoint(unheard)).toMatchObject({ health: 'critical', isHealthReported: true })
    })

    it('is not what was said of another container, and other checks count', () => {
      const other = after({ ...said('passing', ''), Port: 9 })
      expect(endpoint(unheard, other).health).toBe('critical')
      const { checks = [] } = expired
      const both = { checks: [...checks, { CheckID: 'its own', Status: 'critical' }] }
      expect(endpoint(both, after(said('passing', ''))).health).toBe('critical')
    })
  })

  it.each([
    ['pi2:web-1:80', {}, 'pi2:web-1:80'],
    ['web1', {}, 'pi2/web1'],
    ['pi3:web-1:80', {}, 'pi2/pi3:web-1:80'],
    ['pi3:web-1:80', ownerMetaOf('pi3', containerId('a')), 'pi3:web-1:80'],
  ])('registered as %s (%o) has the id %s', (ID, Meta, id) => {
    expect(endpoint({ ID, Meta }).id).toBe(id)
  })

  it('is left out when it is Consul itself or a proxy of its mesh', () => {
    const entries = [
      sampleEntry({ Service: 'consul', ID: 'consul' }),
      sampleEntry({ Kind: 'connect-proxy' }),
      sampleEntry({ Kind: '' }),
    ]
    expect(readEntries(entries, context)).toHaveLength(1)
  })

  it('keeps what was first seen while it is the same, and begins anew at another address', () => {
    const first = read({})
    const later = { nowMs: 9000, previous: () => first }
    expect(endpoint({}, later).startedAtMs).toBe(1000)
    expect(endpoint({ Port: 8081 }, later).startedAtMs).toBe(9000)
  })

  it.each([
    [{ Address: 'db.example.org' }, /"db\.example\.org" is a name/, true],
    [{ Address: 'fe80::1%eth0' }, /is a name/, true],
    [{ Port: 0 }, /without a port/, false],
    [{ Port: 0, Meta: { fairlead_enable: 'true' } }, /without a port/, true],
    [{ Port: 70_000 }, /without a port/, false],
    [{ ID: 'a\nb' }, /line break/, true],
    [{ Service: 'x'.repeat(300) }, /300 characters/, true],
  ])('with %o is no endpoint, and says why', (values, what, isProblem) => {
    const entry = read(values)
    expect(entry.endpoint).toBeUndefined()
    expect(entry.fault?.what).toMatch(what)
    const candidate = candidateOf([entry])
    expect(candidate.problems).toHaveLength(isProblem ? 1 : 0)
    expect(candidate.decisions.at(-1)).toMatchObject({ outcome: 'stop' })
  })
})

describe('labels', () => {
  it('come from meta and from tags, and meta counts first', () => {
    const Meta = { fairlead_host: 'meta.example.org', fairlead_: 'nothing' }
    const Tags = ['fairlead.host=tag.example.org', 'Fairlead.Check=/ping?a=b', 'fairlead.x', 'x=1']
    expect(endpoint({ Meta, Tags }).labels).toEqual({
      host: 'meta.example.org',
      check: '/ping?a=b',
    })
  })

  it('have the weight by health, but for the default and for what nobody wants routed', () => {
    const Weights = { Passing: 10, Warning: 3 }
    const Meta = { fairlead_enable: 'true' }
    expect(endpoint({ Weights, Meta }).labels).toEqual({ enable: 'true', weight: '10' })
    const checks = [{ Status: 'warning' }]
    expect(endpoint({ Weights, Meta, checks }).labels).toEqual({ enable: 'true', weight: '3' })
    expect(endpoint({ Weights }).labels).toEqual({})
    expect(endpoint({ Meta }).labels).toEqual({ enable: 'true' })
    const own = { ...Meta, fairlead_weight: '5' }
    expect(endpoint({ Weights, Meta: own }).labels).toMatchObject({ weight: '5' })
    const filter = { services: ['web'], tags: [] }
    expect(endpoint({ Weights }, { filter }).labels).toEqual({ weight: '10' })
  })

  it.each([
    [['web'], [], '--service web'],
    [['w*'], [], '--service w*'],
    [['*'], [], '--service *'],
    [['*e*b'], [], '--service *e*b'],
    [['we', 'eb*', 'w*e*bb', '*webx'], [], undefined],
    [[], ['x', 'b'], '--tag b'],
    [[], ['B'], undefined],
  ])('filter %o, %o: chosen by %s', (services, tags, chosen) => {
    const entry = read({ Tags: ['a', 'b'] }, { filter: { services, tags } })
    expect(entry.chosenBy).toBe(chosen)
    expect(candidateOf([entry]).chosenBy).toBe(chosen)
  })
})

describe('health', () => {
  const node = { ServiceID: '', CheckID: 'serfHealth' }
  it.each([
    ['no check', [], 'passing', '', false],
    ['a passing check', [{}], 'passing', '', true],
    [
      'a critical check',
      [{ Status: 'critical', Name: 'HTTP', Output: 'refused\nsecond line' }],
      'critical',
      'check "HTTP" is critical: refused',
      true,
    ],
    [
      'a warning',
      [{ Status: 'warning', Name: 'disk' }],
      'warning',
      'check "disk" is warning',
      true,
    ],
    [
      'critical beside warning',
      [{ Status: 'warning' }, { Status: 'critical', Name: 'b' }],
      'critical',
      'check "b" is critical',
      true,
    ],
    ['a word unknown to Consul', [{ Status: 'odd' }], 'critical', /is odd/, true],
    [
      'a node that is gone',
      [{ ...node, Status: 'critical', Output: 'Agent not live' }],
      'critical',
      'node pi2 is unreachable: Agent not live',
      false,
    ],
  ])('with %s', (_, checks, health, reason, isHealthReported) => {
    const said = endpoint({ checks })
    expect(said).toMatchObject({ health, isHealthReported })
    expect(said.healthReason).toMatch(reason)
    if (typeof reason === 'string') expect(said.healthReason).toBe(reason)
  })

  it('takes a warning for critical where the settings say so', () => {
    const checks = [{ Status: 'warning' }]
    expect(endpoint({ checks }, { warningIs: 'out' }).health).toBe('critical')
  })

  it.each(['_service_maintenance:web1', '_node_maintenance'])(
    'drains in maintenance by %s, whatever the other checks say',
    (CheckID) => {
      const ServiceID = CheckID === '_node_maintenance' ? '' : 'web1'
      const maintenance = { CheckID, ServiceID, Status: 'critical', Notes: 'new disk' }
      const drained = endpoint({ checks: [maintenance] })
      expect(drained).toMatchObject({ health: 'passing', isHealthReported: false })
      expect(drained.draining).toMatchObject({
        reason: 'maintenance in Consul: new disk',
        sinceMs: 1000,
      })
      const before = read({ checks: [maintenance] })
      const again = endpoint({ checks: [maintenance] }, { nowMs: 5000, previous: () => before })
      expect(again.draining?.sinceMs).toBe(1000)
      expect(endpoint({ checks: [maintenance, { Status: 'critical' }] }).health).toBe('critical')
    },
  )
})

describe('candidates', () => {
  const two = (entries: readonly HealthEntry[]): readonly Entry[] => readEntries(entries, context)

  it('are containers where a fairlead registered them, with all their ports', () => {
    const Meta = ownerMetaOf('pi2', containerId('a'))
    const candidate = candidateOf(
      two([
        sampleEntry({ ID: 'pi2:web-1:80', Meta }),
        sampleEntry({
          ID: 'pi2:web-1:443',
          Service: 'web-443',
          Port: 8443,
          Meta: { ...Meta, 'fairlead-exposed-port': '443' },
        }),
      ]),
    )
    expect(candidate).toMatchObject({
      key: `${containerId('a')}@pi2`,
      kind: 'container',
      name: 'web-1',
      node: 'pi2',
      image: 'shop:2',
      problems: [],
    })
    expect(candidate.endpoints.map((each) => [each.id, each.port, each.exposedPort])).toEqual([
      ['pi2:web-1:443', 8443, 443],
      ['pi2:web-1:80', 8080, 80],
    ])
    expect(candidate.endpoints[0]).toMatchObject({
      identity: `${containerId('a')} 5000 10.0.1.1:8443`,
      startedAtMs: 5000,
    })
  })

  it('are instances where somebody else did, also where the meta is only half of it', () => {
    const Meta = { 'fairlead-owner': 'pi2', 'fairlead-container': 'too short' }
    expect(candidateOf(two([sampleEntry({ Meta })]))).toMatchObject({
      kind: 'instance',
      name: 'web1',
      image: '',
    })
  })

  it.each([
    [{ Meta: ownerMetaOf('pi2', containerId('a')), ID: 'pi2:web-1:80' }],
    [{ ID: 'pi2:web-1:80' }],
    [{ ID: 'web1' }],
  ])('give back the entries that they were made of: %o', (values) => {
    const entry = read(values)
    expect(entriesOfCandidate(candidateOf([entry]))).toEqual([{ ...entry, modifyIndex: 0 }])
  })
})
