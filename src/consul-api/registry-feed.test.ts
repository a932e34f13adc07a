import { expect, it } from 'vitest'
import { sampleEndpoint } from '../../test/support/samples.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { emptySnapshot, type Snapshot } from '../model/snapshot.ts'
import { Catalog } from './catalog.ts'
import { Indexes } from './indexes.ts'
import { RegistryFeed } from './registry-feed.ts'
import { healthServiceView, nodesView } from './views.ts'

function stage(): { catalog: Catalog; take: (...endpoints: Endpoint[]) => readonly string[] } {
  const touched: string[] = []
  const catalog = new Catalog({
    indexes: new Indexes(10),
    addressOf: () => '10.0.0.100',
    onTouched: (topics) => touched.push(...topics),
  })
  const feed = new RegistryFeed(catalog)
  return {
    catalog,
    take: (...endpoints) => {
      touched.length = 0
      feed.take(snapshotOf(endpoints))
      return touched
    },
  }
}

function snapshotOf(endpoints: readonly Endpoint[]): Snapshot {
  const names = new Set(endpoints.map(({ service }) => service))
  const services = [...names].map((name) => {
    const own = endpoints.filter(({ service }) => service === name)
    return [name, { name, endpoints: own }] as const
  })
  return { ...emptySnapshot, services: new Map(services) }
}

const web1 = sampleEndpoint({ id: 'pi1:web-1:80', meta: { a: 'b' }, tags: ['v1'] })
const web2 = sampleEndpoint({ id: 'pi2:web-2:80', node: 'pi2', address: '10.0.0.2' })

it('has a container as an instance on its host', () => {
  const { catalog, take } = stage()
  take(web1, web2)
  expect(healthServiceView(catalog, 'web', [], true).value()).toMatchObject([
    {
      Node: { Node: 'pi1', Address: '10.0.0.100' },
      Service: {
        ID: 'pi1:web-1:80',
        Address: '10.0.0.1',
        Port: 80,
        Tags: ['v1'],
        Meta: { a: 'b' },
      },
      Checks: [{ CheckID: 'serfHealth', Status: 'passing' }],
    },
    { Node: { Node: 'pi2' }, Service: { ID: 'pi2:web-2:80', Address: '10.0.0.2' } },
  ])
  expect(nodesView(catalog).value()).toHaveLength(2)
})

it('gives a HEALTHCHECK as a check, and maintenance while paused or stopping', () => {
  const { catalog, take } = stage()
  const checks = (): unknown => [...(catalog.get('pi1', web1.id)?.checks.values() ?? [])]
  const checked = { ...web1, isHealthReported: true } as const
  take({ ...checked, health: 'critical', healthReason: 'HEALTHCHECK failed: no' })
  expect(checks()).toMatchObject([
    { check: { id: 'service:pi1:web-1:80', status: 'critical', output: 'HEALTHCHECK failed: no' } },
  ])
  take(checked)
  expect(checks()).toMatchObject([{ check: { status: 'passing', output: '' } }])
  const maintenance = { id: '_service_maintenance:pi1:web-1:80', status: 'critical' }
  take({ ...web1, health: 'maintenance', healthReason: 'paused' })
  expect(checks()).toMatchObject([{ check: { ...maintenance, notes: 'paused' } }])
  take({ ...web1, draining: { reason: 'SIGTERM', sinceMs: 1, untilMs: 2 } })
  expect(checks()).toMatchObject([{ check: { ...maintenance, notes: 'SIGTERM' } }])
  take(web1)
  expect(checks()).toEqual([])
})

it('touches only what has changed, and takes no index for what has not', () => {
  const { catalog, take } = stage()
  const api1 = sampleEndpoint({ id: 'pi1:api-1:80', service: 'api' })
  take(web1, api1)
  const before = { api: catalog.indexOf('api', true), web: catalog.indexOf('web', true) }
  expect(take(web1, api1)).toEqual([])
  expect(take({ ...web1 }, { ...api1 })).toEqual([])
  expect(catalog.indexOf('web', true)).toBe(before.web)
  expect(take(web1, { ...api1, tags: ['new'] })).not.toContain('service web')
  expect(catalog.indexOf('api', true)).toBeGreaterThan(before.api)
  expect(catalog.indexOf('web', true)).toBe(before.web)
})

it('follows an instance that moves to another service, and one that goes', () => {
  const { catalog, take } = stage()
  take(web1, web2)
  const touched = take(web2, { ...web1, service: 'other' })
  expect(touched).toContain('service web')
  expect(touched).toContain('service other')
  expect(catalog.entriesOf('other')).toHaveLength(1)
  expect(catalog.entriesOf('web')).toHaveLength(1)
  take({ ...web1, service: 'other' })
  expect(catalog.serviceNames()).toEqual(['other'])
  expect(catalog.indexOf('web', true)).toBeGreaterThan(catalog.indexOf('other', true))
})

it('leaves registrations to the agent, which knows more of them', () => {
  const { catalog, take } = stage()
  take({ ...web1, identity: 'registration pi1:web-1:80 10.0.0.1 80' })
  expect(catalog.serviceNames()).toEqual([])
})
