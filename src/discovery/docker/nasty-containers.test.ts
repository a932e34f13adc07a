import * as fc from 'fast-check'
import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { direct, inspect, published, remote } from '../../../test/support/container-sketch.ts'
import { containerToCandidate } from './container-to-candidate.ts'

describe('whatever a container says', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '',
      '0',
      '-1',
      '80',
      '\n',
      '$(x)',
      '%[src]',
      '__proto__',
      '\ud800',
      'a,b\\,c',
      '9'.repeat(30),
    ),
  )
  const key = fc
    .tuple(
      fc.constantFrom('', 'SERVICE_', 'SERVICE_80_', 'SERVICE_FAIRLEAD_', 'fairlead.'),
      fc.oneof(nasty, fc.constantFrom('NAME', 'ID', 'TAGS', 'IGNORE', 'port', 'network')),
    )
    .map((parts) => parts.join(''))
  const sketch = fc.record({
    image: nasty,
    env: fc.array(fc.tuple(key, nasty).map(([name, value]) => `${name}=${value}`)),
    labels: fc.dictionary(key, nasty),
    exposed: fc.array(fc.oneof(nasty, fc.constantFrom('80/tcp', '53/udp', '1/sctp', '70000/tcp'))),
    mode: fc.oneof(nasty, fc.constantFrom('host', 'none', 'default', 'container:x')),
    networks: fc.dictionary(nasty, fc.record({ ip: fc.oneof(nasty, fc.constant('10.1.2.3')) })),
  })
  const context = fc.constantFrom(direct, published, remote)

  it('gives a candidate whose endpoints are valid and named once', () => {
    fc.assert(
      fc.property(sketch, context, (what, where) => {
        const candidate = containerToCandidate(inspect(what), where)
        const ids = candidate.endpoints.map((each) => each.id)
        expect(new Set(ids).size).toBe(ids.length)
        for (const each of candidate.endpoints) {
          expect(isIP(each.address)).not.toBe(0)
          expect(each.port).toBeGreaterThan(0)
          expect(each.port).toBeLessThan(65_536)
          expect(each.id).toMatch(/^[^\p{Cc}\p{Cs}]{1,255}$/u)
          expect(each.service).toMatch(/^[^\p{Cc}\p{Cs}]{1,255}$/u)
          expect(Object.values(each.labels).every((value) => typeof value === 'string')).toBe(true)
        }
        if (candidate.endpoints.length === 0) {
          expect(candidate.decisions.some((each) => each.outcome === 'stop')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('survives an inspect object with nothing in it', () => {
    expect(containerToCandidate({}, direct).endpoints).toEqual([])
  })
})
