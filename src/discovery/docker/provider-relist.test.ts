import { beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedDocker } from '../../../test/support/watched-docker.ts'
import { containerToCandidate } from './container-to-candidate.ts'
import type { DockerProviderOptions } from './provider.ts'

let docker: FakeDocker

beforeEach(async () => {
  docker = forTest(new FakeDocker())
  await docker.start()
})

const watch = (options: Partial<DockerProviderOptions> = {}): Promise<WatchedDocker> =>
  forTest(new WatchedDocker(docker.url, options)).connected()

describe('listing anew', () => {
  it('observes what changed without an event, and nothing of what did not', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    const watched = await watch()
    docker.change('c2', { networks: { bridge: '172.17.0.77' } })
    await watched.provider.relist()
    expect(watched.causes().slice(1)).toEqual(['looked at web-2'])
    expect(watched.candidates.get('c2')?.endpoints[0]?.address).toBe('172.17.0.77')
  })

  it('finds what started and what ended while no event told of it', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c3', name: 'web-3' })
    const watched = await watch()
    docker.isSilent = true
    docker.containers.delete('c1')
    docker.change('c3', { state: { Running: false, ExitCode: 3 } })
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.provider.relist()
    expect([...watched.candidates.keys()]).toEqual(['c2'])
    const exits = watched.said.flatMap((each) => [...(each.exits ?? [])])
    expect(exits).toEqual([['c3', 3]])
  })

  it('drops an answer that an event has overtaken', async () => {
    const watched = await watch()
    docker.isSilent = true
    docker.run({ id: 'c1', name: 'web-1' })
    docker.isSilent = false
    docker.beforeInspectAnswer = async () => {
      docker.beforeInspectAnswer = undefined
      docker.die('c1')
      await watched.saidFor('die web-1 (exit 0)')
    }
    await watched.provider.relist()
    expect([...watched.candidates.keys()]).toEqual([])
  })

  it('asks until it is told of a container whose inspect failed', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    docker.isSilent = true
    docker.run({ id: 'c2', name: 'web-2' })
    docker.change('c1', { networks: { bridge: '172.17.0.77' } })
    docker.brokenContainers = new Set(['c1', 'c2'])
    await watched.provider.relist()
    expect(watched.said).toHaveLength(1)
    expect(watched.provider.state().error).toContain('broken')
    docker.brokenContainers = new Set()
    await watched.saidFor('looked at web-1')
    await waitUntil('web-2', () => watched.candidates.has('c2'))
    expect(watched.candidates.get('c1')?.endpoints[0]?.address).toBe('172.17.0.77')
    await waitUntil('no trouble', () => watched.provider.state().error === '')
  })
})

describe('listing anew while there is no connection', () => {
  /** Names everything by what counts when it is mapped. */
  let word = 'before'
  const map: DockerProviderOptions['map'] = (inspect, context) => ({
    ...containerToCandidate(inspect, context),
    name: word,
  })
  const names = (watched: WatchedDocker): string[] =>
    [...watched.candidates.values()].map(({ name }) => name)

  it('looks once more at what the list under way had mapped before', async () => {
    word = 'before'
    docker.run({ id: 'c1', name: 'web-1' })
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    docker.beforePastAnswer = () => released
    const watched = forTest(new WatchedDocker(docker.url, { map }))
    // The stream, and what was before it, when all is inspected.
    const events = (): string[] => docker.asked.filter((path) => path === '/events')
    await waitUntil('mapped', () => events().length === 2)
    word = 'after'
    const relisted = watched.provider.relist()
    release()
    await relisted
    await waitUntil('observed', () => watched.said.length === 2)
    expect(names(watched)).toEqual(['after'])
  })

  it('waits for the list with which the next connection begins', async () => {
    word = 'before'
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch({ map })
    docker.isFrozen = true
    docker.dropAll()
    await waitUntil('no connection', () => watched.provider.state().state === 'connecting')
    word = 'after'
    let isDone = false
    const relisted = watched.provider.relist().then(() => (isDone = true))
    await waitUntil('tried', () => docker.asked.at(-1) === '/info')
    expect(isDone).toBe(false)
    docker.isFrozen = false
    docker.dropAll()
    await relisted
    await waitUntil('observed', () => names(watched)[0] === 'after')
  })

  it('fails with the connection, and ends with the provider', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    docker.beforeInspectAnswer = async () => docker.dropAll()
    await expect(watched.provider.relist()).rejects.toThrow('Docker at unix')
    docker.isFrozen = true
    docker.dropAll()
    await waitUntil('no connection', () => watched.provider.state().state === 'connecting')
    const relisted = watched.provider.relist()
    await watched.stop()
    await relisted
    await watched.provider.relist()
  })
})

it('says with what code a container ended', async () => {
  docker.run({ id: 'c1', name: 'web-1' })
  const watched = await watch()
  docker.die('c1', '137')
  const die = await watched.saidFor('die web-1 (exit 137)')
  expect(die.exits).toEqual(new Map([['c1', 137]]))
})

it('maps containers as it is told to', async () => {
  docker.run({ id: 'c1', name: 'web-1' })
  const watched = await watch({
    map: (inspect, { node }) =>
      Promise.resolve({
        key: inspect.Id ?? '',
        kind: 'container',
        name: `mapped on ${node}`,
        node,
        image: '',
        endpoints: [],
        problems: [],
        decisions: [],
      }),
  })
  expect(watched.candidates.get('c1')?.name).toBe('mapped on fake')
})
