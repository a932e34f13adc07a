import { beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedDocker } from '../../../test/support/watched-docker.ts'
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

  it('does nothing without a connection, since a new one begins with a list', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    docker.isFrozen = true
    docker.dropAll()
    await waitUntil('no connection', () => watched.provider.state().state === 'connecting')
    await watched.provider.relist()
    expect(watched.said).toHaveLength(1)
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
