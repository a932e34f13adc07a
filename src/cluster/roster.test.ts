import { beforeEach, describe, expect, it } from 'vitest'
import { FakeConsul } from '../consul/testing/fake-consul.ts'
import type { HealthCheck } from '../consul/types.ts'
import { ManualClock } from '../support/clock.ts'
import { checkId, readCard, toDefinition, type Card } from './card.ts'
import { withoutOwnService } from './own-service.ts'
import { Roster } from './roster.ts'
import { sampleCard } from './testing/sample-card.ts'

const path = '/v1/health/service/fairlead'
const own = sampleCard()

let consul: FakeConsul
let clock: ManualClock
let roster: Roster

beforeEach(() => {
  consul = new FakeConsul()
  clock = new ManualClock()
  roster = new Roster({ consul, clock, own: () => own })
})

/** As Consul gives it. */
function entry(card: Card, ...checks: readonly Partial<HealthCheck>[]) {
  const { ID, Name: Service, Meta } = toDefinition(card)
  const all = checks.map((check) => ({
    Node: card.node,
    CheckID: checkId(ID),
    Status: 'passing',
    ServiceID: ID,
    ...check,
  }))
  return { Node: { Node: card.node, Address: '' }, Service: { ID, Service, Meta }, Checks: all }
}

describe('the load balancers of a Consul', () => {
  it('are read as they were written', async () => {
    const other = sampleCard({ node: 'pi2', pinnedTo: 3, isApplied: false, http: ['a:1', 'b:2'] })
    consul.set(path, [entry(own, {}), entry(other, {})])
    await roster.read()
    expect(roster.members.map(({ card }) => card)).toEqual([own, other])
    expect(roster.members.map(({ isThis }) => isThis)).toEqual([true, false])
  })

  it('are not other services of that name', async () => {
    const foreign = { ID: 'fairlead', Service: 'fairlead', Meta: { version: '1' } }
    const stolen = { ...entry(own, {}), Service: { ...entry(own).Service, ID: 'other' } }
    consul.set(path, [{ ...entry(own), Service: foreign }, stolen])
    await roster.read()
    expect(roster.members).toEqual([])
    expect(readCard({ Meta: null })).toBeUndefined()
  })

  it('have the state of their worst check, since it was seen', async () => {
    const expired = { Status: 'critical', Output: 'TTL expired' }
    consul.set(path, [entry(own, expired)])
    await roster.read()
    const sinceMs = clock.now()
    await clock.advance(9000)
    await roster.read()
    expect(roster.members[0]).toMatchObject({
      state: 'critical',
      why: 'no heartbeat',
      stateSinceMs: sinceMs,
    })
    const gone = { Status: 'critical', CheckID: 'serfHealth', ServiceID: '', Output: 'x' }
    consul.set(path, [entry(own, expired, gone)])
    await roster.read()
    expect(roster.members[0]?.why).toBe('node pi1 is gone from the Consul cluster')
    consul.set(path, [entry(own, { Status: 'warning', Output: 'HAProxy is down' })])
    await roster.read()
    expect(roster.members[0]).toMatchObject({ state: 'warning', why: 'HAProxy is down' })
  })

  it('stay as they were read last while Consul is away', async () => {
    consul.set(path, [entry(own, {})])
    await roster.read()
    const readAtMs = clock.now()
    await clock.advance(1000)
    consul.fail(path)
    await roster.read()
    expect(roster).toMatchObject({ readAtMs })
    expect(roster.error).not.toBe('')
    expect(roster.members).toHaveLength(1)
    consul.heal()
    await roster.read()
    expect(roster.error).toBe('')
  })

  it('share a name when the own card is replaced by another, again and again', async () => {
    consul.set(path, [entry({ ...own, run: 'another' }, {})])
    await roster.read()
    expect(roster.isTaken).toBe(false)
    await roster.read()
    expect(roster.isTaken).toBe(true)
    consul.set(path, [entry(own, {})])
    await roster.read()
    expect(roster.isTaken).toBe(false)
  })
})

describe('what a template sees of Consul', () => {
  it('has no load balancers among all services, and has them by name', async () => {
    consul.set('/v1/catalog/services', { consul: [], fairlead: [], web: ['a'] })
    consul.set(path, [entry(own, {})])
    const seen = withoutOwnService(consul)
    expect(await seen.get('/v1/catalog/services')).toMatchObject({
      value: { consul: [], web: ['a'] },
    })
    const { value } = await seen.get<unknown[]>(path)
    expect(value).toHaveLength(1)
  })
})
