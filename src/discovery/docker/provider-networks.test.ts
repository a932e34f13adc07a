import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedDocker } from '../../../test/support/watched-docker.ts'
import type { HaproxyNetworks } from '../../networks/contract.ts'
import { containerToCandidate } from './container-to-candidate.ts'

let docker: FakeDocker
let watched: WatchedDocker | undefined

beforeEach(async () => {
  docker = new FakeDocker()
  await docker.start()
})

afterEach(async () => {
  await watched?.stop()
  watched = undefined
  await docker.stop()
})

describe("HAProxy's networks", () => {
  it('count for a container of the first list, too, when one is reached before that is made', async () => {
    const mapped: string[] = []
    let isReached = false
    let tell: (networkId: string) => void = () => undefined
    const networks: HaproxyNetworks = {
      isInContainer: true,
      reachOf: () => (isReached ? { kind: 'reached' } : { kind: 'joining', why: 'it is attached' }),
      want: () => undefined,
      drop: () => undefined,
      keepOnly: () => undefined,
      onChange: (listener) => {
        tell = listener
        return () => undefined
      },
    }
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    docker.beforeInspectAnswer = async (id) => {
      if (id !== 'c2' || isReached) return
      await waitUntil('the other one is mapped', () => mapped.includes('c1'))
      isReached = true
      tell('net-bridge')
    }
    watched = new WatchedDocker(docker.url, {
      joining: { networks, ready: () => Promise.resolve() },
      map: (inspect, context) => {
        mapped.push(inspect.Id ?? '')
        const candidate = containerToCandidate(inspect, context)
        return isReached ? candidate : { ...candidate, endpoints: [] }
      },
    })
    await watched.connected()
    const { candidates } = watched
    await waitUntil('both have an endpoint', () =>
      ['c1', 'c2'].every((id) => candidates.get(id)?.endpoints.length === 1),
    )
    expect(mapped.filter((id) => id === 'c1')).toHaveLength(2)
  })
})
