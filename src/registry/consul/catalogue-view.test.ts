import { beforeEach, describe, expect, it } from 'vitest'
import { sampleEntry, type SampleEntry } from '../../consul-catalogue/testing/sample-entry.ts'
import { CatalogueView } from './catalogue-view.ts'
import { readEntries } from './entries-to-candidates.ts'
import { LocalOverlay } from './local-overlay.ts'

let view: CatalogueView

beforeEach(() => {
  const identity = { owners: new Set<string>(), agentNode: () => 'pi1', sources: [] }
  view = new CatalogueView(new LocalOverlay(identity))
})

/** Takes an answer about a service; gives the keys of the candidates whose stored state changed. */
function answer(service: string, ...instances: readonly SampleEntry[]): readonly string[] {
  const entries = readEntries(
    instances.map((each) => sampleEntry({ Service: service, ...each })),
    {
      filter: { services: [], tags: [] },
      warningIs: 'in',
      nowMs: 0,
      previous: (key) => view.entries.ofService(service).get(key),
    },
  )
  return view.setService(service, entries).map(({ before, after }) => (after ?? before)?.key ?? '')
}

/** `service id` of all that is served. */
function served(): readonly string[] {
  const services = [...view.snapshot().services.values()]
  return services
    .flatMap(({ name, endpoints }) => endpoints.map(({ id }) => `${name} ${id}`))
    .toSorted()
}

const stored = (): readonly string[] =>
  [...view.consulCandidates.values()].flatMap(({ endpoints }) =>
    endpoints.map(({ service, id }) => `${service} ${id}`),
  )

const before: SampleEntry = { ID: 'x', ModifyIndex: 10 }
const after: SampleEntry = { ID: 'x', ModifyIndex: 20 }

describe('an instance that becomes one of another service', () => {
  it.each([
    ['the new one', ['b', 'a']],
    ['the old one', ['a', 'b']],
  ])('is served by the new one, when %s answers first', (_which, order) => {
    answer('a', before)
    expect(served()).toEqual(['a pi2/x'])
    for (const service of order) {
      if (service === 'a') answer('a')
      else answer('b', after)
    }
    expect(served()).toEqual(['b pi2/x'])
    expect(stored()).toEqual(['b pi2/x'])
    // Again the same: no news, and nothing that was lost meanwhile.
    expect(answer('b', after)).toEqual([])
    expect(answer('a')).toEqual([])
    expect(served()).toEqual(['b pi2/x'])
  })

  it('is not of both meanwhile, and with the new one it goes for good', () => {
    answer('a', before)
    answer('b', after)
    expect(served()).toEqual(['b pi2/x'])
    expect(stored()).toEqual(['b pi2/x'])
    answer('b')
    expect(served()).toEqual([])
    expect(stored()).toEqual([])
  })

  it('stays with it when a server that lags behind tells of the old one', () => {
    answer('b', after)
    answer('a', before)
    expect(served()).toEqual(['b pi2/x'])
    expect(stored()).toEqual(['b pi2/x'])
    view.revisitAll()
    answer('a')
    expect(served()).toEqual(['b pi2/x'])
  })

  it('is served by it as soon as the old one is known to lack it, whatever the indexes say', () => {
    answer('a', after)
    answer('b', before)
    expect(served()).toEqual(['a pi2/x'])
    answer('a')
    expect(served()).toEqual(['b pi2/x'])
    expect(stored()).toEqual(['b pi2/x'])
  })

  it('leaves the others of its container where they are', () => {
    const Meta = { 'fairlead-owner': 'pi2', 'fairlead-container': 'c'.repeat(64) }
    answer('a', { ...before, Meta }, { ID: 'y', Meta })
    answer('b', { ...after, Meta: { ...Meta, 'fairlead-container': 'd'.repeat(64) } })
    expect(served()).toEqual(['a y', 'b x'])
    answer('a', { ID: 'y', Meta })
    expect(served()).toEqual(['a y', 'b x'])
    expect(stored()).toEqual(['a y', 'b x'])
  })
})
