import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { inspect } from '../../test/support/container-sketch.ts'
import { linesOfMapping } from './log-lines.ts'
import { mapContainer } from './map-container.ts'
import { plainMapping } from './mapping-options.ts'

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '0', '-1', '+80', '__proto__', 'constructor', '\n', 'a,b\\,c', ',,', '/'),
)
const key = fc
  .tuple(
    fc.constantFrom('', 'SERVICE_', 'SERVICE_80_', 'SERVICE_+80_'),
    fc.oneof(
      nasty,
      fc.constantFrom('NAME', 'ID', 'TAGS', 'IGNORE', 'IP', 'NETWORK', 'INTERNAL', 'PORTS'),
    ),
  )
  .map((parts) => parts.join(''))
const host = fc.oneof(nasty, fc.constantFrom('8080', '0.0.0.0:80', ':::81', '127.0.0.1:99999'))
const sketch = fc.record({
  image: nasty,
  env: fc.array(fc.tuple(key, nasty).map(([name, value]) => `${name}=${value}`)),
  labels: fc.dictionary(key, nasty),
  exposed: fc.array(fc.oneof(nasty, fc.constantFrom('80/tcp', '53/udp', '1/sctp', '70000/tcp'))),
  ports: fc.dictionary(
    fc.oneof(nasty, fc.constantFrom('80/tcp', '53/udp')),
    fc.array(host, { maxLength: 2 }),
  ),
  mode: fc.oneof(nasty, fc.constantFrom('host', 'none', 'default', 'container:x')),
  networks: fc.dictionary(nasty, fc.record({ ip: fc.oneof(nasty, fc.constant('10.1.2.3')) })),
})
const options = fc.record({
  ip: fc.constantFrom('', '10.0.0.9'),
  isInternal: fc.boolean(),
  isExplicit: fc.boolean(),
  hasOverrides: fc.boolean(),
  suffix: fc.constantFrom('group', 'always', 'never', 'collision'),
  hasAliases: fc.boolean(),
  prefersIpv6: fc.boolean(),
  hasDigestNames: fc.boolean(),
  labelWithIp: fc.constantFrom('', 'SERVICE_NAME', '__proto__'),
  networks: fc.array(nasty, { maxLength: 2 }),
})

it('maps whatever a container says to services with an address, a port and an id of their own', () => {
  fc.assert(
    fc.property(sketch, options, fc.boolean(), (what, given, hasOwner) => {
      const candidate = mapContainer(
        {
          inspect: inspect(what),
          networkOwner: hasOwner ? inspect({}) : undefined,
          hostAddress: '',
          node: 'docker-1',
          forcedTags: 'x',
        },
        { ...plainMapping, hostname: 'host1', ...given },
      )
      const ids = candidate.endpoints.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const { id, address, port, exposedPort, tags, meta } of candidate.endpoints) {
        expect(id).not.toBe('')
        expect(['', '0.0.0.0', '::']).not.toContain(address)
        for (const each of [port, exposedPort]) {
          expect(Number.isInteger(each) && each >= 0 && each < 65_536).toBe(true)
        }
        // Only SERVICE_PORTS=0 leads to a service without port.
        expect(port === 0).toBe(exposedPort === 0)
        if (port === 0) expect(given.hasOverrides).toBe(true)
        expect(tags).not.toContain('')
        expect(Object.keys(meta)).not.toContain('name')
      }
      const said = linesOfMapping(candidate)
      if (candidate.endpoints.length === 0) expect(said).not.toEqual([])
    }),
    { numRuns: 500 },
  )
})
