import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Candidate } from '../../src/model/candidate.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { EmbeddedRegistry } from '../../src/registry/embedded/embedded-registry.ts'
import type { OperatorWord, RoutingInput, RoutingResult } from '../../src/routing/contract.ts'
import { createRouter, route } from '../../src/routing/route.ts'
import { ManualClock } from '../../src/support/clock.ts'
import {
  container,
  endpoint,
  registration,
  routingInput,
  routingSettings,
} from '../support/routing.ts'

// A router that keeps what it found out must give what one gives that knows nothing, whatever the
// inputs before were. Every route starts from the memory that the run before left.

/** Many endpoints of few services, so that they are cut into several stretches. */
const upsert = fc.record({
  does: fc.constant('upsert' as const),
  source: fc.constantFrom('api', 'docker:a'),
  first: fc.nat(299),
  count: fc.constantFrom(1, 1, 2, 150),
  service: fc.constantFrom('web', 'web', 'web', 'api', 'a_b'),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  labels: fc.constantFrom<Record<string, string>>(
    {},
    {},
    { host: 'x.org' },
    { weight: '7', balance: 'leastconn' },
    { default: 'true', check: '/up' },
    { enable: 'false' },
    { nonsense: '1' },
  ),
  isDraining: fc.boolean(),
  startedAtMs: fc.integer({ min: 1, max: 3 }),
})
const remove = fc.record({
  does: fc.constant('remove' as const),
  source: fc.constantFrom('api', 'docker:a'),
  first: fc.nat(299),
  count: fc.constantFrom(1, 1, 1, 300),
})
const accept = fc.record({
  does: fc.constant('accept' as const),
  first: fc.nat(299),
  count: fc.constantFrom(1, 300),
})
const speak = fc.record({
  does: fc.constant('speak' as const),
  first: fc.nat(299),
  state: fc.constantFrom('drain' as const, 'maint' as const, undefined),
  weight: fc.constantFrom(0, 9, undefined),
})
const wait = fc.record({
  does: fc.constant('wait' as const),
  delayMs: fc.constantFrom(1, 40_000, 400_000),
})
const step = fc.oneof(
  { weight: 5, arbitrary: upsert },
  { weight: 2, arbitrary: remove },
  { weight: 3, arbitrary: accept },
  { weight: 2, arbitrary: speak },
  { weight: 1, arbitrary: wait },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type Of<D extends Step['does']> = Extract<Step, { does: D }>

const settings = { ...routingSettings, routeMode: 'all' as const }

/** What the daemon has around routing, without the daemon. */
class World {
  readonly registry = new EmbeddedRegistry('/nowhere/registry.snapshot', new ManualClock())
  readonly accepted = new WeakSet<Endpoint>()
  words: ReadonlyMap<string, OperatorWord> = new Map()
  nowMs = 1_000_000

  do(step: Step): void {
    if (step.does === 'upsert') this.#upsert(step)
    if (step.does === 'remove') this.#observe(step.source, [], range(step).map(nameOf))
    if (step.does === 'accept') this.#accept(new Set(range(step).map(idOf)))
    if (step.does === 'speak') this.#speak(step)
    if (step.does === 'wait') this.nowMs += step.delayMs
  }

  #upsert(step: Of<'upsert'>): void {
    const make = step.source === 'api' ? registration : container
    const draining = { reason: 'SIGTERM', sinceMs: 1, untilMs: 2 }
    const candidates = range(step).map((index) =>
      make(
        nameOf(index),
        endpoint(nameOf(index), {
          service: step.service,
          address: step.address,
          labels: step.labels,
          startedAtMs: step.startedAtMs,
          draining: step.isDraining && index % 3 === 0 ? draining : undefined,
        }),
      ),
    )
    this.#observe(step.source, candidates, [])
  }

  #observe(source: string, upserts: readonly Candidate[], removals: readonly string[]): void {
    const cause = 'test'
    this.registry.accept({ source, upserts, removals, cause, isComplete: false, eventAtMs: 1 })
  }

  #accept(ids: ReadonlySet<string>): void {
    for (const { endpoints } of this.registry.snapshot().services.values()) {
      for (const each of endpoints) if (ids.has(each.id)) this.accepted.add(each)
    }
  }

  #speak({ first, state, weight }: Of<'speak'>): void {
    const words = new Map(this.words)
    if (state === undefined && weight === undefined) words.delete(idOf(first))
    else words.set(idOf(first), { state, weight, sinceMs: this.nowMs })
    this.words = words
  }

  input(memory: RoutingInput['memory'], snapshot: Snapshot): RoutingInput {
    const { words, nowMs } = this
    const hasAccepted = (each: Endpoint): boolean => this.accepted.has(each)
    return { ...routingInput([], { memory, nowMs, settings }), snapshot, words, hasAccepted }
  }
}

function range({ first, count }: { first: number; count: number }): number[] {
  return Array.from({ length: count }, (_, index) => (first + index) % 300)
}

const nameOf = (index: number): string => `c${index}`
const idOf = (index: number): string => `node:${nameOf(index)}:80`

function contentOf(result: RoutingResult): unknown {
  const { desired, placements } = result
  return {
    ...result,
    desired: { ...desired, files: [...desired.files], servers: [...desired.servers] },
    placements: [...placements],
  }
}

it('a router that knows the inputs before gives what one gives that knows none', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), (steps) => {
      const world = new World()
      const router = createRouter()
      let { memory } = route(world.input(routingInput([]).memory, world.registry.snapshot()))
      for (const each of steps) {
        world.do(each)
        const input = world.input(memory, world.registry.snapshot())
        const known = router(input)
        expect(contentOf(known)).toEqual(contentOf(route(input)))
        memory = known.memory
      }
    }),
    { numRuns: 150 },
  )
})

it('gives the same desired state as an object where nothing of it changed', () => {
  const world = new World()
  const router = createRouter()
  const labels = {}
  for (const service of ['web', 'api'] as const) {
    const first = service === 'web' ? 0 : 200
    const of = { source: 'api', service, address: '10.0.0.1', labels, startedAtMs: 1 } as const
    world.do({ does: 'upsert', first, count: 150, isDraining: false, ...of })
  }
  const snapshot = world.registry.snapshot()
  const first = router(world.input(routingInput([]).memory, snapshot))
  const second = router(world.input(first.memory, snapshot))
  const third = router({ ...world.input(second.memory, snapshot), nowMs: world.nowMs + 1 })
  expect(third.desired).toBe(second.desired)
  expect(third.memory.services).toBe(second.memory.services)
})

it.each([1, 100])('decides anew about a few endpoints of 3,000 in %d services', (services) => {
  const router = createRouter()
  let asked = 0
  const run = (candidates: readonly Candidate[], memory: RoutingInput['memory']) => {
    asked = 0
    const hasAccepted = (): boolean => {
      asked += 1
      return true
    }
    return router({ ...routingInput(candidates, { memory, settings }), hasAccepted })
  }
  const all = Array.from({ length: 3000 }, (_, index) =>
    container(`c${index}`, endpoint(`c${index}`, { service: `s${index % services}` })),
  )
  // The second run learns that the first has routed them.
  const first = run(all, routingInput([]).memory)
  const before = run(all, first.memory)
  expect(asked).toBe(0)
  const after = run(all.toSpliced(1234, 1), before.memory)
  expect(asked).toBeLessThan(600)
  const known = new Set(before.desired.sections)
  expect(after.desired.sections?.filter((section) => !known.has(section))).toHaveLength(1)
})
