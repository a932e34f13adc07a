import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../src/model/candidate.ts'
import { FairleadError } from '../../src/model/errors.ts'
import { asRegistratorDoes } from '../../src/registration/endpoint-to-registration.ts'
import { markedBy } from '../../src/registration/foreign.ts'
import { RegistrarLab, idOf, labContainer } from '../../src/registration/testing/registrar-lab.ts'

/** What may happen; containers are numbered 1 to 4. */
type Happening =
  | { readonly kind: 'up'; readonly number: number; readonly tag: string; readonly drains: boolean }
  | { readonly kind: 'die'; readonly number: number }
  | { readonly kind: 'full list'; readonly numbers: readonly number[] }
  | { readonly kind: 'away' | 'back' | 'emptied' | 'healed' }
  | { readonly kind: 'refused'; readonly number: number }
  | { readonly kind: 'unanswered'; readonly every: number }
  | { readonly kind: 'slow'; readonly number: number }
  | { readonly kind: 'time'; readonly ms: number }

const number = fc.integer({ min: 1, max: 4 })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('up' as const),
      number,
      tag: fc.constantFrom('a', 'b'),
      drains: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('die' as const), number }) },
  fc.record({
    kind: fc.constant('full list' as const),
    numbers: fc.uniqueArray(number),
  }),
  fc.record({ kind: fc.constantFrom('away' as const, 'back', 'emptied', 'healed') }),
  fc.record({ kind: fc.constant('refused' as const), number }),
  fc.record({ kind: fc.constant('unanswered' as const), every: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('slow' as const), number }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.integer({ min: 1, max: 5000 }),
    }),
  },
)

const draining = { reason: 'SIGTERM', sinceMs: 0, untilMs: 1 }

/** A lab, and what has to come of it. */
class Model {
  readonly lab = new RegistrarLab({
    deregisterOn: 'drain',
    registration: { ...asRegistratorDoes, isOwnerMarked: true },
    dangling: markedBy(new Set(['pi1'])),
  })
  readonly wanted = new Map<number, Candidate>()
  #refused = 0
  #unansweredEvery = 0
  #writes = 0
  #slow = 0
  #release: (() => void)[] = []

  async start(): Promise<void> {
    const { backend } = this.lab
    backend.onCall = async (call) => {
      const [kind = '', id = ''] = call.split(' ')
      if (kind === 'list') return
      if (id === idOf(this.#slow)) await new Promise<void>((resolve) => this.#release.push(resolve))
      if (id === idOf(this.#refused)) throw new FairleadError('consul_refused', 'no')
    }
    backend.onDone = (call) => {
      if (call === 'list') return
      if (this.#unansweredEvery === 0 || ++this.#writes % this.#unansweredEvery !== 0) return
      throw new FairleadError('consul_unreachable', 'the answer was lost')
    }
    await this.lab.start()
    await this.lab.list()
  }

  async happen(what: Happening): Promise<void> {
    const { lab } = this
    switch (what.kind) {
      case 'up': {
        const values = { tags: [what.tag], draining: what.drains ? draining : undefined }
        const container = labContainer(what.number, values)
        this.wanted.set(what.number, container)
        return lab.up(container)
      }
      case 'die':
        this.wanted.delete(what.number)
        return lab.die(what.number)
      case 'full list': {
        for (const known of this.wanted.keys()) {
          if (!what.numbers.includes(known)) this.wanted.delete(known)
        }
        for (const each of what.numbers) {
          this.wanted.set(each, this.wanted.get(each) ?? labContainer(each))
        }
        return lab.list(...this.wanted.values())
      }
      case 'away':
        lab.backend.isUnreachable = true
        return lab.rest()
      case 'back':
        lab.backend.isUnreachable = false
        return lab.rest()
      case 'emptied':
        lab.backend.services.clear()
        lab.backend.maintenance.clear()
        return lab.rest()
      case 'refused':
        this.#refused = what.number
        return
      case 'unanswered':
        this.#unansweredEvery = what.every
        return
      case 'slow':
        this.#slow = what.number
        return
      case 'healed':
        return this.heal()
      case 'time':
        return lab.pass(what.ms, what.ms)
    }
  }

  async heal(): Promise<void> {
    this.#refused = 0
    this.#unansweredEvery = 0
    this.#slow = 0
    this.lab.backend.isUnreachable = false
    for (const release of this.#release.splice(0)) release()
    await this.lab.rest()
  }

  /** In the end everything is as it is wanted, nothing else is, and nothing is left to do. */
  async expectRight(): Promise<void> {
    const { backend, registrar } = this.lab
    await this.heal()
    await this.lab.pass(10_000, 500)
    void registrar.verify()
    await this.lab.pass(120_000, 5000)
    const tags = new Map([...backend.services].map(([id, { Tags }]) => [id, Tags ?? []]))
    const endpoints = [...this.wanted.values()].flatMap((each) => each.endpoints)
    expect(tags).toEqual(new Map(endpoints.map((each) => [each.id, each.tags])))
    const drained = endpoints.filter((each) => each.draining !== undefined).map(({ id }) => id)
    expect([...backend.maintenance.keys()].toSorted()).toEqual(drained.toSorted())
    const { length } = backend.calls
    void registrar.verify()
    await this.lab.rest()
    expect(backend.calls.slice(length)).toEqual(['list'])
    expect(registrar.state()).toMatchObject({ pending: 0, problems: [], isReachable: true })
    expect(backend.overlapping).toEqual([])
    expect(backend.mostInFlight).toBeLessThanOrEqual(9)
  }
}

describe('a registrar', () => {
  it('ends in the state that is wanted, whatever happened on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 30 }), async (happenings) => {
        const model = new Model()
        await model.start()
        try {
          for (const each of happenings) await model.happen(each)
          await model.expectRight()
        } finally {
          await model.heal()
          await model.lab.end()
        }
      }),
      { numRuns: 150 },
    )
  })
})
