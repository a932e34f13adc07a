import { describe, expect, it } from 'vitest'
import { routingSettings } from '../../test/support/routing.ts'
import { sampleCandidate, sampleEndpoint } from '../../test/support/samples.ts'
import { ConfigRejectedError } from '../haproxy/runtime/errors.ts'
import type { Candidate } from '../model/candidate.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError } from '../model/errors.ts'
import type { Service } from '../model/snapshot.ts'
import { emptyMemory } from '../routing/contract.ts'
import type { RoutingInput } from '../routing/contract.ts'
import { createRouter, route } from '../routing/route.ts'
import { ManualClock } from '../support/clock.ts'
import { Quarantine } from './quarantine.ts'

/** A HAProxy that rejects texts in which one of these addresses stands. */
function stage() {
  const clock = new ManualClock()
  const bad = new Set<string>()
  const checks: DesiredState[] = []
  let namesLines = false
  const check = (desired: DesiredState): Promise<void> => {
    checks.push(desired)
    const lines = desired.config.split('\n')
    const at = lines.flatMap((line, index) =>
      [...bad].some((address) => line.includes(` ${address}:`)) ? [index + 1] : [],
    )
    if (at.length === 0) return Promise.resolve()
    const messages = at.map((line) => ({
      level: 'alert' as const,
      file: 'haproxy.cfg',
      line: namesLines ? line : undefined,
      text: 'something is wrong',
    }))
    return Promise.reject(new ConfigRejectedError('rejected', messages))
  }
  const parts = { clock, route: createRouter(), routeOnce: route, check, provenMs: 5_000 }
  const quarantine = new Quarantine(parts)
  const input = (candidates: readonly Candidate[]): RoutingInput => {
    const services = new Map<string, Service>()
    for (const endpoint of candidates.flatMap(({ endpoints }) => endpoints)) {
      const others = services.get(endpoint.service)?.endpoints ?? []
      const name = endpoint.service
      services.set(name, { name, endpoints: [...others, endpoint] })
    }
    return {
      snapshot: { revision: 1, services, candidates, problems: [] },
      settings: routingSettings,
      words: new Map(),
      hasAccepted: () => true,
      memory: emptyMemory,
      nowMs: clock.now(),
    }
  }
  /** One pass, as the pipeline does it; gives the addresses that are served. */
  const pass = async (candidates: readonly Candidate[]): Promise<readonly string[]> => {
    for (let tries = 0; ; tries += 1) {
      const { desired } = quarantine.route(input(candidates))
      const error = await check(desired).then(
        () => undefined,
        (rejected: unknown) => rejected,
      )
      if (error === undefined) {
        quarantine.applied()
        return [...desired.config.matchAll(/^\s*server \S+ (\S+):80 /gm)].map(
          ([, address = '']) => address,
        )
      }
      if (tries > 0 || !(await quarantine.failed(error, desired))) throw error
    }
  }
  const nameLines = (): void => {
    namesLines = true
  }
  return { clock, bad, checks, quarantine, input, pass, nameLines }
}

function container(number: number, labels: Record<string, string> = {}): Candidate {
  const id = `pi1:web-${number}:80`
  const address = `10.0.0.${number}`
  const service = `web${number % 3}`
  return sampleCandidate([
    sampleEndpoint({ id, address, service, labels, isHealthReported: true, startedAtMs: number }),
  ])
}

const some = (count: number): readonly Candidate[] =>
  Array.from({ length: count }, (_, index) => container(index + 1))

describe('a container that HAProxy rejects', () => {
  it('is left out alone, with HAProxy’s words on show', async () => {
    const { bad, quarantine, input, pass } = stage()
    const candidates = some(12)
    bad.add('10.0.0.7')
    const served = await pass(candidates)
    expect(served).toHaveLength(11)
    expect(served).not.toContain('10.0.0.7')
    const { problems, placements } = quarantine.route(input(candidates))
    expect(problems).toContainEqual(
      expect.objectContaining({
        where: 'container web-7',
        what: expect.stringContaining('something is wrong') as string,
      }),
    )
    expect(placements.get('pi1:web-7:80')).toMatchObject({
      isRouted: false,
      decisions: [{ step: 'quarantine', outcome: 'stop' }],
    })
  })

  it('is found at once where HAProxy names its line', async () => {
    const { bad, checks, pass, nameLines } = stage()
    nameLines()
    bad.add('10.0.0.7')
    await pass(some(12))
    // The pass itself, the same again as a check, the one without it, and the new pass.
    expect(checks).toHaveLength(4)
  })

  it('is looked for among the new ones only, where others are known to be good', async () => {
    const { bad, checks, clock, pass } = stage()
    const old = some(40)
    await pass(old)
    await clock.advance(6_000)
    checks.length = 0
    bad.add('10.0.0.41')
    expect(await pass([...old, container(41)])).toHaveLength(40)
    expect(checks.length).toBeLessThanOrEqual(4)
  })

  it('is found also when there are several, and takes its service with it when it was its last', async () => {
    const { bad, pass } = stage()
    for (const number of [1, 4, 7, 10]) bad.add(`10.0.0.${number}`)
    const served = await pass(some(12))
    expect(served).toHaveLength(8)
  })

  it('is tried again when its labels change, and by itself after growing pauses', async () => {
    const { bad, clock, pass } = stage()
    const [first, second] = some(2) as [Candidate, Candidate]
    bad.add('10.0.0.2')
    expect(await pass([first, second])).toEqual(['10.0.0.1'])
    await clock.advance(30_000)
    expect(await pass([first, second])).toEqual(['10.0.0.1'])
    bad.clear()
    await clock.advance(59_000)
    expect(await pass([first, second])).toEqual(['10.0.0.1'])
    await clock.advance(1_000)
    expect(await pass([first, second])).toHaveLength(2)
    bad.add('10.0.0.2')
    expect(await pass([first, container(2, { weight: '3' })])).toEqual(['10.0.0.1'])
    bad.clear()
    expect(await pass([first, container(2, { weight: '4' })])).toHaveLength(2)
  })

  it('is not guessed at where a check cannot tell', async () => {
    const { quarantine, input } = stage()
    const { desired } = quarantine.route(input(some(4)))
    const error = new ConfigRejectedError('rejected by the worker itself', [])
    expect(await quarantine.failed(error, desired)).toBe(false)
  })

  it('is not to blame for what is wrong without it', async () => {
    const { bad, quarantine, input } = stage()
    bad.add('10.0.0.1')
    const { desired } = quarantine.route(input(some(2)))
    const elsewhere = new ConfigRejectedError('rejected', [])
    expect(await quarantine.failed(elsewhere, { ...desired, config: '' })).toBe(false)
  })
})

describe('a container with which HAProxy ends', () => {
  const crash = new FairleadError('haproxy_crashed', 'HAProxy ended 0.1 s after it')

  it('is left out alone when it came alone', async () => {
    const { clock, quarantine, input, pass } = stage()
    const old = some(5)
    await pass(old)
    await clock.advance(6_000)
    const all = [...old, container(6)]
    const { desired } = quarantine.route(input(all))
    expect(await quarantine.failed(crash, desired)).toBe(true)
    expect(await pass(all)).toHaveLength(5)
    await clock.advance(599_000)
    expect(await pass(all)).toHaveLength(5)
    await clock.advance(1_000)
    expect(await pass(all)).toHaveLength(6)
  })

  it('is told from those that came with it by letting them in by halves', async () => {
    const { clock, quarantine, input, pass } = stage()
    const old = some(5)
    const all = [...old, ...[6, 7, 8, 9].map((number) => container(number))]
    /** Ends with the eighth. */
    const passUnlessEnded = async (): Promise<readonly string[]> => {
      const { desired } = quarantine.route(input(all))
      if (desired.config.includes(' 10.0.0.8:')) await quarantine.failed(crash, desired)
      return pass(all)
    }
    await pass(old)
    await clock.advance(6_000)
    const counts: number[] = []
    for (let round = 0; round < 8; round += 1) {
      counts.push((await passUnlessEnded()).length)
      await clock.advance(30_000)
    }
    expect(counts[0]).toBe(5)
    expect(counts.at(-1)).toBe(8)
  })

  it('is not looked for while nothing is known to be good: then the text of before serves on', async () => {
    const { quarantine, input } = stage()
    const { desired } = quarantine.route(input(some(3)))
    expect(await quarantine.failed(crash, desired)).toBe(false)
  })
})
