import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClusterHasher } from '../../src/cluster/cluster-hash.ts'
import type { Candidate } from '../../src/model/candidate.ts'
import type { OperatorWord, RoutingInput, RoutingSettings } from '../../src/routing/contract.ts'
import { createRouter } from '../../src/routing/route.ts'
import { container, endpoint, routingInput, routingSettings } from '../support/routing.ts'

/** The same routing settings, as root on another machine with a newer HAProxy. */
const elsewhere: RoutingSettings = {
  ...routingSettings,
  http: ['*:80', '[::]:80'],
  connectionName: 'pool-conn-name',
  maxConnections: 20_000,
  accessLog: false,
  paths: {
    maps: '/var/lib/fairlead/other/maps',
    socket: '/var/lib/fairlead/other/haproxy.sock',
    chroot: '/var/lib/fairlead/other/chroot',
  },
  runAs: { user: 'haproxy', group: 'haproxy' },
}

function hashOf(
  settings: RoutingSettings,
  candidates: readonly Candidate[],
  given: Partial<RoutingInput> = {},
): string {
  const { desired } = createRouter()(routingInput(candidates, { settings, ...given }))
  return new ClusterHasher(settings.paths.maps.replace(/\/maps$/, '')).hash(desired).whole
}

const candidatesArbitrary = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/),
    service: fc.constantFrom('shop', 'blog', 'api', 'wiki'),
    last: fc.integer({ min: 1, max: 250 }),
    isHost: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12, selector: ({ name }) => name },
)

type Sketch = {
  readonly name: string
  readonly service: string
  readonly last: number
  readonly isHost: boolean
}

const candidateOf = ({ name, service, last, isHost }: Sketch): Candidate =>
  container(
    name,
    endpoint(name, {
      service,
      address: `10.0.0.${last}`,
      labels: isHost ? { host: `${service}.example.org` } : {},
    }),
  )

describe('two load balancers with the same endpoints', () => {
  it('have the same hash, wherever they are and in whichever order they learnt', () => {
    const both = candidatesArbitrary.chain((sketches) =>
      fc.tuple(
        fc.constant(sketches),
        fc.shuffledSubarray(sketches, { minLength: sketches.length }),
      ),
    )
    fc.assert(
      fc.property(both, ([one, other]) => {
        expect(hashOf(elsewhere, other.map(candidateOf))).toBe(
          hashOf(routingSettings, one.map(candidateOf)),
        )
      }),
    )
  })

  it('have other hashes with another endpoint, address, word or setting', () => {
    fc.assert(
      fc.property(candidatesArbitrary, (sketches) => {
        const candidates = sketches.map(candidateOf)
        const [first] = sketches
        if (first === undefined) return
        const more = candidateOf({ ...first, name: 'one-more', last: 251 })
        const moved = [candidateOf({ ...first, last: 252 }), ...candidates.slice(1)]
        const word: OperatorWord = { state: 'drain', weight: undefined, sinceMs: 1 }
        const words = new Map([[endpoint(first.name).id, word]])
        const timeouts = { ...routingSettings.timeouts, serverMs: 61_000 }
        const hashes = [
          hashOf(routingSettings, candidates),
          hashOf(routingSettings, [...candidates, more]),
          hashOf(routingSettings, moved),
          hashOf(routingSettings, candidates, { words }),
          hashOf({ ...routingSettings, timeouts }, candidates),
        ]
        expect(new Set(hashes).size).toBe(hashes.length)
      }),
    )
  })
})
