import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyDependency } from '../../../test/support/runner-bench.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { ConsulError } from '../../consul/errors.ts'
import { FakeConsul, type FakeRequest } from '../../consul/testing/fake-consul.ts'
import { ManualClock } from '../../support/clock.ts'
import { Deduplication } from './dedup.ts'
import { loadTemplates } from './load-templates.ts'
import { createLog } from './log.ts'
import { readShared, sharedText } from './shared-text.ts'

const key = keyDependency('a')
const knowing = (text: string) => ({ recall: () => text as never })
/** What stands in the store when the key `a` has this text. */
const shared = (text: string): string => sharedText([key], knowing(text))

let consul: FakeConsul
let clock: ManualClock
let lines: string[]
let sharing: Deduplication
/** Gives a write of answers its answer; the oldest first. */
let answers: (() => void)[]
/** Set: writes of answers wait for the test to answer them. */
let isHeld: boolean

const isData = ({ method, path }: FakeRequest): boolean =>
  method === 'PUT' && path.endsWith('/data')
/** Texts of the key that were sent, in order. */
const sent = (): unknown[] =>
  consul.requests.filter(isData).map(({ body }) => readShared(String(body))?.recall(key))
const prefix = (): string =>
  consul.requests.find(({ path }) => path.startsWith('/v1/kv/'))?.path.slice('/v1/kv/'.length) ?? ''

/** What everybody who watches sees: who leads, and the answers. */
function show(session: string, text: string): void {
  const [own, value] = [decodeURIComponent(prefix()), Buffer.from(text).toString('base64')]
  consul.set(`/v1/kv/${prefix()}`, [
    { Key: `${own}/lock`, Value: null, Session: session },
    { Key: `${own}/data`, Value: value },
  ])
}

const publish = (text: string): void => sharing.publish(0, [key], knowing(text))
const tick = (): Promise<void> => clock.advance(0)

/** Fails each write of answers from now on. */
function failWrites(): void {
  consul.onWrite = (request) => {
    if (isData(request)) throw new ConsulError('consul_unreachable', 'No cluster leader')
  }
}

beforeEach(async () => {
  consul = new FakeConsul()
  clock = new ManualClock()
  lines = []
  answers = []
  isHeld = false
  consul.onWrite = (request) => {
    if (request.path === '/v1/session/create') return { ID: 'ours' }
    if ('acquire' in request.query) return true
    if (!isData(request) || !isHeld) return true
    return new Promise((resolve) => answers.push(() => resolve(true)))
  }
  const setting = {
    source: { contents: '{{key "a"}}' },
    destination: 'a',
    leftDelimiter: '{{',
    rightDelimiter: '}}',
  }
  const templates = await loadTemplates(
    { templates: [setting as never], isDry: false },
    {
      environment: () => '',
      now: () => new Date(0),
      workingFolder: '/',
      hasEffects: false,
    },
  )
  const log = createLog('INFO', [(line) => void lines.push(line)], () => new Date(0))
  const options = { prefix: 'lead/', ttlMs: 60_000, mostStaleMs: 0 }
  sharing = new Deduplication(consul, options, templates, { clock, log })
  sharing.start(() => undefined)
  await waitUntil('it has looked', () => prefix() !== '')
  // Nobody has the lock: it is taken, though the first answers do not show that.
  consul.set(`/v1/kv/${prefix()}`, undefined)
  await clock.advance(10_000)
  await waitUntil('it leads', () => sharing.isLeader(0))
  show('ours', '')
  await clock.advance(10_000)
  await waitUntil('it has seen that, and waits', () => consul.blocked() === 1)
})

afterEach(async () => {
  isHeld = false
  for (const answer of answers.splice(0)) answer()
  await sharing.close()
})

const isSent = (): Promise<void> => waitUntil('a write is under way', () => answers.length > 0)

describe('a leader', () => {
  it('writes one text at a time, so that the newest is what stays', async () => {
    isHeld = true
    publish('1')
    await isSent()
    publish('2')
    publish('3')
    await tick()
    expect(sent()).toEqual(['1'])
    answers.shift()?.()
    await waitUntil('the newest is sent', () => answers.length > 0)
    expect(sent()).toEqual(['1', '3'])
    answers.shift()?.()
    publish('3')
    await clock.advance(60_000)
    expect(sent()).toEqual(['1', '3'])
  })

  it('tries a write that failed again until it is done, and says so once', async () => {
    const before = consul.onWrite
    failWrites()
    publish('1')
    await clock.advance(100)
    expect(sent()).toEqual(['1'])
    await clock.advance(60_000)
    const tries = sent().length
    expect(tries).toBeGreaterThan(5)
    // Rarer and rarer: 0.25, 0.5, ... 10 s.
    expect(tries).toBeLessThan(20)
    consul.onWrite = before
    publish('2')
    await clock.advance(10_000)
    expect(sent().slice(tries)).toEqual(['2'])
    expect(lines.filter((line) => line.includes('cannot share answers'))).toHaveLength(1)
  })

  it("writes its answers again where another one's stand", async () => {
    publish('2')
    await tick()
    show('ours', shared('2'))
    await clock.advance(1000)
    expect(sent()).toEqual(['2'])
    show('ours', shared('1'))
    await clock.advance(1000)
    expect(sent()).toEqual(['2', '2'])
  })

  it('does so too when those came during its own write', async () => {
    isHeld = true
    publish('2')
    await isSent()
    show('ours', shared('1'))
    await clock.advance(1000)
    answers.shift()?.()
    await isSent()
    expect(sent()).toEqual(['2', '2'])
  })

  it('writes no more once another one leads', async () => {
    failWrites()
    publish('1')
    await tick()
    show('another', shared('other'))
    await clock.advance(1000)
    expect(sharing.isLeader(0)).toBe(false)
    const tries = sent().length
    publish('2')
    await clock.advance(60_000)
    expect(sent()).toHaveLength(tries)
    expect(sharing.knowledgeOf(0).recall(key)).toBe('other')
  })

  it('writes no more once it is closed', async () => {
    failWrites()
    publish('1')
    await tick()
    await sharing.close()
    const tries = sent().length
    await clock.advance(60_000)
    expect(sent()).toHaveLength(tries)
  })
})
