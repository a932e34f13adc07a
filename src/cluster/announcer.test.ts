import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConsulError } from '../consul/errors.ts'
import { FakeConsul } from '../consul/testing/fake-consul.ts'
import { ManualClock } from '../support/clock.ts'
import { Announcer, type Facts } from './announcer.ts'
import type { Card } from './card.ts'
import { sampleCard } from './testing/sample-card.ts'

const register = '/v1/agent/service/register'
const beat = '/v1/agent/check/update/service%3Afairlead%3Api1%3Adefault'
const deregister = '/v1/agent/service/deregister/fairlead%3Api1%3Adefault'

let consul: FakeConsul
let clock: ManualClock
/** What the announcer's clock was set back by. */
let backMs: number
let facts: Facts
let isAlone: boolean
let announcer: Announcer
let end: AbortController
let running: Promise<void>
let troubles: (string | undefined)[]

beforeEach(async () => {
  consul = new FakeConsul()
  clock = new ManualClock()
  backMs = 0
  facts = { card: sampleCard(), condition: { status: 'passing', output: 'well' } }
  isAlone = false
  troubles = []
  announcer = new Announcer({
    consul,
    clock: { now: () => clock.now() - backMs, sleep: (ms, signal) => clock.sleep(ms, signal) },
    facts: () => facts,
    isAlone: () => isAlone,
    onTrouble: (error) => troubles.push(error?.code),
  })
  end = new AbortController()
  running = announcer.run(end.signal)
  await clock.advance(0)
})

afterEach(async () => {
  end.abort()
  await running
})

const writes = (): readonly string[] =>
  consul.requests
    .filter(({ path }) => path === register)
    .map(({ body }) => (body as { Meta: Record<string, string> }).Meta['fairlead-hash'] ?? '')

function serve(whole: string, more: Partial<Card> = {}): void {
  const card = { ...facts.card, ...more }
  facts = { ...facts, card: { ...card, hash: { ...card.hash, whole } } }
  announcer.touch()
}

const refused = (status: number, message: string): ConsulError =>
  new ConsulError('consul_refused', message, { status })

describe('the card of a load balancer', () => {
  it('is written at once, then beaten for every five seconds', async () => {
    expect(writes()).toEqual(['h0'])
    await clock.advance(20_000)
    expect(writes()).toEqual(['h0'])
    expect(consul.count(beat)).toBe(5)
    expect(announcer.counts).toEqual({ writes: 1, heartbeats: 5, failures: 0 })
  })

  it('is written at once at a change, and of a hundred in a second only the newest', async () => {
    await clock.advance(3000)
    serve('h1')
    await clock.advance(0)
    expect(writes()).toEqual(['h0', 'h1'])
    for (let n = 2; n <= 100; n++) {
      serve(`h${n}`)
      await clock.advance(9)
    }
    expect(writes()).toEqual(['h0', 'h1'])
    await clock.advance(1000)
    expect(writes()).toEqual(['h0', 'h1', 'h100'])
  })

  it('is not written for what nobody compares, until a heartbeat', async () => {
    await clock.advance(2000)
    serve('h0', { generation: 7, catalogueIndex: 900, sinceMs: 5 })
    await clock.advance(20_000)
    expect(writes()).toEqual(['h0'])
    serve('h0', { leftOut: 4 })
    await clock.advance(5000)
    expect(writes()).toEqual(['h0', 'h0'])
  })

  it('tells how far it has read when it is not like the others', async () => {
    await clock.advance(6000)
    isAlone = true
    await clock.advance(6000)
    expect(writes()).toEqual(['h0'])
    serve('h0', { catalogueIndex: 900 })
    await clock.advance(60_000)
    expect(writes()).toEqual(['h0', 'h0'])
  })

  it('is taken from its old name when the machine has another', async () => {
    await clock.advance(2000)
    serve('h0', { node: 'pi2' })
    await clock.advance(0)
    expect(consul.count(register)).toBe(2)
    expect(consul.count(deregister)).toBe(1)
  })

  it('is taken from its old name though Consul is away in that moment', async () => {
    await clock.advance(2000)
    let isAway = true
    consul.onWrite = ({ path }) => {
      if (isAway && path !== register) throw new ConsulError('consul_unreachable', 'nobody there')
    }
    serve('h0', { node: 'pi2' })
    await clock.advance(3000)
    isAway = false
    const before = consul.count(deregister)
    await clock.advance(60_000)
    expect(consul.count(deregister)).toBe(before + 1)
  })

  it('is beaten for though the clock was set back by an hour', async () => {
    await clock.advance(2000)
    backMs = 3_600_000
    const before = consul.count(beat)
    await clock.advance(30_000)
    expect(consul.count(beat) - before).toBeGreaterThanOrEqual(5)
  })
})

describe('what its check says', () => {
  it('changes at once with the condition, without a new card', async () => {
    await clock.advance(2000)
    facts = { ...facts, condition: { status: 'warning', output: 'HAProxy is down' } }
    announcer.touch()
    await clock.advance(0)
    expect(consul.requests.at(-1)).toMatchObject({ path: beat, body: { Status: 'warning' } })
    expect(writes()).toEqual(['h0'])
  })

  it('is a warning when fairlead leaves, and the card goes when HAProxy ends too', async () => {
    await announcer.leave()
    expect(consul.requests.at(-1)).toMatchObject({ path: beat, body: { Status: 'warning' } })
    await announcer.remove()
    expect(consul.requests.at(-1)?.path).toBe(deregister)
    const count = consul.count()
    await announcer.leave()
    await announcer.remove()
    expect(consul.count()).toBe(count)
  })
})

describe('while Consul', () => {
  it('is away it tries again with growing pauses, for ever, and writes the newest once', async () => {
    consul.onWrite = () => {
      throw new ConsulError('consul_unreachable', 'nobody there')
    }
    serve('h1')
    for (let n = 2; n <= 50; n++) {
      serve(`h${n}`)
      await clock.advance(1000)
    }
    const { failures } = announcer.counts
    expect(failures).toBeGreaterThan(8)
    expect(failures).toBeLessThan(20)
    consul.onWrite = () => undefined
    await clock.advance(5000)
    expect(writes().at(-1)).toBe('h50')
    expect(announcer.counts.writes).toBe(2)
    expect(troubles).toEqual(['consul_unreachable', undefined])
  })

  it('is away a change that is taken back is not waited for all the time', async () => {
    await clock.advance(2000)
    let looks = 0
    consul.onWrite = () => {
      looks += 1
      throw new ConsulError('consul_unreachable', 'nobody there')
    }
    serve('h1')
    await clock.advance(0)
    serve('h0')
    await clock.advance(3000)
    expect(looks).toBeLessThan(8)
    consul.onWrite = () => undefined
    await clock.advance(5000)
    expect(troubles).toEqual(['consul_unreachable', undefined])
  })

  it('has forgotten the check, the card is written anew', async () => {
    let isLost = true
    consul.onWrite = ({ path }) => {
      if (path === register) isLost = false
      else if (isLost) throw refused(500, 'CheckID "service:x" does not have associated TTL')
      return undefined
    }
    await clock.advance(7000)
    expect(announcer.counts).toMatchObject({ writes: 2, failures: 1 })
    expect(announcer.problems()).toEqual([])
  })

  it('does not allow it, a problem names the rule, and it asks seldom', async () => {
    consul.onWrite = () => {
      throw refused(403, 'Permission denied')
    }
    await clock.advance(10 * 60_000)
    expect(announcer.counts.failures).toBeLessThan(12)
    expect(troubles).toEqual(['consul_refused'])
    expect(announcer.problems()[0]?.hint).toContain('service "fairlead" { policy = "write" }')
    consul.onWrite = () => undefined
    await clock.advance(60_000)
    expect(announcer.problems()).toEqual([])
  })

  it('does not answer at the end, nothing is thrown', async () => {
    consul.onWrite = () => {
      throw new ConsulError('consul_unreachable', 'nobody there')
    }
    await expect(announcer.remove()).resolves.toBeUndefined()
    await expect(announcer.leave()).resolves.toBeUndefined()
  })
})
