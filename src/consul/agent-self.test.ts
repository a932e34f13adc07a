import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { AgentSelf } from './agent-self.ts'
import { ConsulError } from './errors.ts'
import { FakeConsul } from './testing/fake-consul.ts'

const path = '/v1/agent/self'
const answer = (node: string, address = '10.0.0.7') => ({
  Config: { NodeName: node, Datacenter: 'dc1', Server: false },
  Member: { Name: node, Addr: address },
})
const pi1 = { node: 'pi1', datacenter: 'dc1', address: '10.0.0.7' }

let folder: string
let file: string
let consul: FakeConsul
let clock: ManualClock
let stop: AbortController
let news: number
let running: Promise<void>[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-self-`))
  file = join(folder, 'agent.json')
  consul = new FakeConsul()
  clock = new ManualClock()
  stop = new AbortController()
  news = 0
  running = []
})

afterEach(async () => {
  stop.abort()
  await Promise.all(running)
  await rm(folder, { recursive: true, force: true })
})

async function load(from = file): Promise<AgentSelf> {
  const self = new AgentSelf({ consul, clock, path: from })
  await self.load()
  return self
}

function ask(self: AgentSelf): Promise<void> {
  const asked = self.ask(() => void news++, stop.signal)
  running.push(asked)
  return asked
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('the agent', () => {
  it('says who it is, and that is news', async () => {
    consul.set(path, answer('pi1'))
    const self = await load()
    expect(self.facts).toBeUndefined()
    await ask(self)
    expect(self.facts).toEqual(pi1)
    expect([self.error, self.problem, news]).toEqual(['', undefined, 1])
  })

  it('is known after a restart, and no news when it is the same', async () => {
    consul.set(path, answer('pi1'))
    await ask(await load())
    const self = await load()
    expect(self.facts).toEqual(pi1)
    await ask(self)
    expect(news).toBe(1)
    consul.set(path, answer('pi1', '10.0.0.8'))
    await ask(self)
    expect([self.facts?.address, news]).toEqual(['10.0.0.8', 2])
    expect((await load()).facts?.address).toBe('10.0.0.8')
  })

  it.each(['null', '[]', '"x"', '{"Config":null,"Member":{"Addr":7}}'])(
    'may be something that answers %s',
    async (text) => {
      consul.set(path, JSON.parse(text))
      await writeFile(file, text)
      const self = await load()
      await ask(self)
      expect(self.facts).toEqual({ node: '', datacenter: '', address: '' })
    },
  )

  it('may leave out what it does not know', async () => {
    consul.set(path, {})
    const self = await load()
    await ask(self)
    expect(self.facts).toEqual({ node: '', datacenter: '', address: '' })
  })

  it('is not believed when its address is a name', async () => {
    consul.set(path, answer('pi1', 'pi1.example.org'))
    const self = await load()
    await ask(self)
    expect(self.facts).toEqual({ ...pi1, address: '' })
  })

  it('is asked again, less and less often, until it answers', async () => {
    consul.fail(path)
    const self = await load()
    const asked = ask(self)
    for (const [pauseMs, count] of [
      [249, 1],
      [1, 2],
      [499, 2],
      [1, 3],
      [999, 3],
      [1, 4],
    ] as const) {
      await clock.advance(pauseMs)
      await settled()
      expect(consul.count(path)).toBe(count)
    }
    expect(self.error).not.toBe('')
    expect(self.problem).toBeUndefined()
    consul.heal()
    consul.set(path, answer('pi1'))
    await clock.advance(5000)
    await asked
    expect([self.facts, self.error]).toEqual([pi1, ''])
  })

  it('that refuses is asked once a minute, and that is on show', async () => {
    const hint = 'set CONSUL_HTTP_TOKEN'
    const refusal = new ConsulError('consul_refused', 'Permission denied', { status: 403, hint })
    consul.fail(path, 1, refusal)
    consul.set(path, answer('pi1'))
    const self = await load()
    const asked = ask(self)
    await settled()
    expect(self.problem).toEqual({ where: 'Consul', what: 'Permission denied', hint })
    await clock.advance(59_999)
    expect(consul.count(path)).toBe(1)
    await clock.advance(1)
    await asked
    expect([self.problem, self.facts]).toEqual([undefined, pi1])
  })

  it('is not asked any longer once the signal aborts', async () => {
    consul.fail(path)
    const asked = ask(await load())
    await settled()
    stop.abort()
    await asked
    expect(consul.count(path)).toBe(1)
  })
})

describe('the file', () => {
  it('is as none when it is no JSON', async () => {
    await writeFile(file, '{"Config":')
    const self = await load()
    expect(self.facts).toBeUndefined()
    consul.set(path, answer('pi1'))
    await ask(self)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ Member: { Addr: '10.0.0.7' } })
  })

  it('that cannot be written costs only what a restart would know', async () => {
    consul.set(path, answer('pi1'))
    const self = await load(join(folder, 'nowhere', 'agent.json'))
    await ask(self)
    expect([self.facts, news]).toEqual([pi1, 1])
  })
})
