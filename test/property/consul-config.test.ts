import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { HealthEntry } from '../../src/consul/types.ts'
import { checkAnswer } from '../../src/consul-catalogue/answer-shape.ts'
import { CatalogueView } from '../../src/registry/consul/catalogue-view.ts'
import { readEntries } from '../../src/registry/consul/entries-to-candidates.ts'
import { LocalOverlay } from '../../src/registry/consul/local-overlay.ts'
import type { RoutingResult } from '../../src/routing/contract.ts'
import { route } from '../../src/routing/route.ts'
import { routingInput } from '../support/routing.ts'

// Whatever is in Consul's catalogue: what has the shape of its answers is mapped without an error,
// one strange instance keeps no other out, and none adds a line or a word to the configuration.

const nasty = [
  '\n',
  '\r\nbackend evil\n  server x 1.2.3.4:80\n',
  '"',
  "'",
  '$HOME',
  '%[env(HOME)]',
  '\\',
  ' ',
  '#',
  '\u0000',
  '\u001b[2J',
  '\u202e',
  '\ud800',
  '__proto__',
  'constructor',
  'x'.repeat(300),
]
const addresses = ['', '10.0.0.1', '::1', '[fd00::1]', 'fe80::1%eth0', 'web.example', '1.2.3', ' ']
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('a', 'b', ...nasty),
)
const name = text.filter((each) => each !== '')
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 5 })
const anything = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(null, {}, [], 0, 1.5))

const metaKeys = ['owner', 'container', 'started', 'exposed-port', 'name', 'image']
const meta = fc.dictionary(
  fc.oneof(
    text,
    fc.constantFrom(...metaKeys.map((key) => `fairlead-${key}`)),
    fc.constantFrom(
      'fairlead_host',
      'fairlead_weight',
      'fairlead_port',
      'fairlead_',
      'fairlead___proto__',
    ),
  ),
  fc.oneof(text, fc.constantFrom('f'.repeat(64), '1', '9'.repeat(30), 'a.org')),
)
const weights = fc.oneof(
  anything,
  fc.record({ Passing: fc.oneof(fc.integer(), anything), Warning: fc.oneof(fc.nat(), anything) }),
)
const status = fc.constantFrom('passing', 'warning', 'critical', 'maintenance', '')
const checkId = fc.constantFrom('serfHealth', '_node_maintenance', '_service_maintenance:a', 'c')
const check = fc.record({
  Node: text,
  CheckID: fc.oneof(text, checkId),
  Name: anything,
  Status: status,
  Notes: orNull(text),
  Output: orNull(text),
  ServiceID: anything,
})
const entry = fc.record({
  Node: fc.record({ Node: name, Address: fc.constantFrom(...addresses), Datacenter: orNull(text) }),
  Service: fc.record({
    ID: name,
    Service: name,
    Address: orNull(fc.constantFrom(...addresses)),
    Port: orNull(
      fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(0, -1, 70_000, 0.5)),
    ),
    Tags: orNull(
      fc.array(
        fc.oneof(
          text,
          text.map((value) => `fairlead.host=${value}`),
        ),
      ),
    ),
    Meta: orNull(meta),
    Weights: weights,
    Kind: fc.constantFrom('', null, 'connect-proxy'),
    ModifyIndex: anything,
  }),
  Checks: fc.array(check, { maxLength: 3 }),
})
const sane: HealthEntry = {
  Node: { Node: 'sane', Address: '10.9.9.9' },
  Service: { ID: 'sane', Service: 'sane', Port: 80, Meta: { fairlead_host: 'sane.example' } },
  Checks: [],
}

const path = '/v1/health/service/web'

/** As the registry has it: the answer checked, each service's instances put where they belong. */
function routed(given: unknown): RoutingResult {
  const answer = JSON.parse(JSON.stringify(given)) as HealthEntry[]
  checkAnswer(path, answer)
  const overlay = new LocalOverlay({ owners: new Set(['a']), agentNode: () => 'a', sources: [] })
  const view = new CatalogueView(overlay)
  const filter = { services: ['*'], tags: [] }
  const context = { filter, warningIs: 'in', nowMs: 5, previous: () => undefined } as const
  const entries = readEntries(answer, context)
  for (const service of new Set(entries.map((each) => each.service))) {
    view.setService(
      service,
      entries.filter((each) => each.service === service),
    )
  }
  const { candidates, services } = view.snapshot()
  const input = routingInput(candidates)
  return route({ ...input, snapshot: { ...input.snapshot, services } })
}

it('no instance in Consul adds a line or a word to the configuration, or keeps another one out', () => {
  const empty = route(routingInput([])).desired.config
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (answer) => {
      const { desired, placements, routes } = routed([...answer, sane])
      expect(placements.get('sane/sane')?.isRouted).toBe(true)
      expect(desired.config.startsWith(empty)).toBe(true)
      const lines = desired.config.slice(empty.length).split('\n')
      const headings = lines.filter((line) => /^\S/.test(line) && !line.startsWith('defaults '))
      expect(headings.map((line) => line.replace(/ from fairlead-[\w.:-]+$/, ''))).toEqual(
        routes.map(({ backend }) => `backend ${backend}`),
      )
      const servers = lines.filter((line) => line.trim().startsWith('server '))
      const isIn = [...placements.values()].filter((each) => each.isRouted)
      expect(servers).toHaveLength(isIn.length)
      for (const line of servers) {
        expect(line).toMatch(
          /^\s+server [\w.:-]+ [\da-f.:[\]]+:\d+ check .* weight (\d{1,3}) [\w .()-]+$/,
        )
      }
      const map = desired.files.get('/run/fairlead/maps/hosts.map') ?? ''
      for (const line of map.split('\n').slice(0, -1)) {
        expect(line).toMatch(/^(\*\.)?[a-z0-9_.-]+ svc_[\w.:-]*$/)
      }
    }),
    { numRuns: 300 },
  )
})

it.each([
  [{ Passing: 1000, Warning: 1 }, '256'],
  [{ Passing: 10, Warning: 0 }, '10'],
  [{ Passing: -1, Warning: 1 }, '1'],
  [null, '1'],
  [{}, '1'],
])('takes %j for the weight %s of a server', (Weights, weight) => {
  const { desired } = routed([{ ...sane, Service: { ...sane.Service, Weights } }])
  expect(/server sane.* weight (\d+)/.exec(desired.config)?.[1]).toBe(weight)
})
