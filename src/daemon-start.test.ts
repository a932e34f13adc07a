import { describe, expect, it, vi } from 'vitest'
import { waitUntil } from '../test/support/wait-until.ts'
import { essential, requireKnowledge, servingServers } from './daemon-start.ts'
import { Sources } from './discovery/sources.ts'
import type { Observation, Provider } from './model/candidate.ts'
import { HaproxyError } from './haproxy/runtime/errors.ts'
import { createLogger } from './support/log.ts'
import { Releases } from './support/releases.ts'

const log = createLogger('error', 'json')
log.level = 'silent'

/** A source that gives its list when told to. */
function quietSource(source: string, error = '') {
  let speak = (): void => undefined
  const told = new Promise<void>((resolve) => {
    speak = resolve
  })
  const list: Observation = {
    source,
    isComplete: true,
    upserts: [],
    removals: [],
    cause: 'full list',
    eventAtMs: undefined,
  }
  const provider: Provider = {
    source,
    async *observe() {
      await told
      yield list
    },
    state: () => ({ source, state: 'connecting', error, sinceMs: 0 }),
  }
  return { provider, speak }
}

function start(
  providers: readonly Provider[],
  isAdopted: boolean,
  restored: readonly string[],
  indispensable: readonly string[] = [],
) {
  const controller = new AbortController()
  const { signal } = controller
  const sources = new Sources({ providers, accept: () => undefined })
  void sources.run(signal)
  let isDone = false
  const done = requireKnowledge({
    registry: {
      sources,
      restored: new Set(restored),
      indispensable: new Set(indispensable),
    },
    haproxy: { isAdopted },
    log,
    firstListMs: 5,
    signal,
  }).then(() => {
    isDone = true
  })
  return { done, isDone: () => isDone, abort: () => controller.abort() }
}

const severalWaits = () => new Promise((resolve) => setTimeout(resolve, 40))

describe('what must be known before the first apply', () => {
  it('is the last good state of a source that does not answer', async () => {
    await start([quietSource('docker:a', 'refused').provider], true, ['docker:a']).done
  })

  it('is not what another source or an API registration has said, for an adopted HAProxy', async () => {
    const source = quietSource('docker:renamed', 'refused')
    const { done, isDone } = start([source.provider], true, ['docker:a', 'api'])
    await severalWaits()
    expect(isDone()).toBe(false)
    source.speak()
    await done
  })

  it('is what Consul says, however long it takes, for an adopted HAProxy', async () => {
    const [docker, consul] = [quietSource('docker:a'), quietSource('consul', 'refused')]
    const providers = [docker.provider, consul.provider]
    const { done, isDone } = start(providers, true, ['docker:a'], ['consul'])
    docker.speak()
    await severalWaits()
    expect(isDone()).toBe(false)
    consul.speak()
    await done
  })

  it('is what Docker says where there is no HAProxy to protect from a Consul that is away', async () => {
    const [docker, consul] = [quietSource('docker:a'), quietSource('consul', 'refused')]
    const { done } = start([docker.provider, consul.provider], false, [], ['consul'])
    docker.speak()
    await done
  })

  it('fails by the name of Consul where it is the only source and does not answer', async () => {
    const { done } = start([quietSource('consul', 'refused').provider], false, [], ['consul'])
    await expect(done).rejects.toMatchObject({
      code: 'consul_unreachable',
      message: 'Consul does not answer (consul: refused)',
    })
  })

  it('includes a second source that may still answer, for an adopted HAProxy', async () => {
    const [quick, slow] = [quietSource('docker:a'), quietSource('docker:b')]
    const { done, isDone } = start([quick.provider, slow.provider], true, [])
    quick.speak()
    await severalWaits()
    expect(isDone()).toBe(false)
    slow.speak()
    await done
  })

  it('does not include one that has failed, once another has spoken', async () => {
    const quick = quietSource('docker:a')
    const { done } = start([quick.provider, quietSource('docker:b', 'refused').provider], true, [])
    quick.speak()
    await done
  })

  it('may take its time at a fresh start, and is missed only where it failed', async () => {
    const slow = quietSource('docker:a')
    const { done, isDone } = start([slow.provider], false, [])
    await severalWaits()
    expect(isDone()).toBe(false)
    slow.speak()
    await done
    const failed = start([quietSource('docker:a', 'refused').provider], false, [])
    await expect(failed.done).rejects.toMatchObject({ code: 'docker_unreachable' })
  })
})

describe('the servers that an adopted HAProxy serves', () => {
  it('are none of one that goes away meanwhile, which does not end the start', async () => {
    const fails = (reason: Error) => ({
      isAdopted: true,
      isRunning: true,
      execute: () => Promise.reject(reason),
    })
    const away = new HaproxyError('haproxy_unreachable', 'HAProxy does not answer')
    expect(await servingServers(fails(away))).toEqual(new Map())
    const refused = new HaproxyError('haproxy_refused', 'level user')
    await expect(servingServers(fails(refused))).rejects.toBe(refused)
  })
})

describe('an essential task', () => {
  it('ends the daemon when it fails', async () => {
    const fail = vi.fn<() => void>()
    const releases = new Releases()
    essential('sources', Promise.reject(new Error('a defect')), { log, releases, fail })
    await waitUntil('told', () => fail.mock.calls.length === 1)
    await releases.run(() => undefined)
  })
})
