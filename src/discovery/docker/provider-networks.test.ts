import { beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedDocker } from '../../../test/support/watched-docker.ts'
import type { Candidate } from '../../model/candidate.ts'
import type { HaproxyNetworks } from '../../networks/contract.ts'
import { containerToCandidate } from './container-to-candidate.ts'
import type { Inspect } from './docker-types.ts'
import type { MappingContext } from './mapping-context.ts'

let docker: FakeDocker

beforeEach(async () => {
  docker = forTest(new FakeDocker())
  await docker.start()
})

describe("HAProxy's networks", () => {
  let isReached: boolean
  let tell: (networkId: string | undefined) => void
  let watched: WatchedDocker
  const networks: HaproxyNetworks = {
    isInContainer: true,
    reachOf: () => (isReached ? { kind: 'reached' } : { kind: 'joining', why: 'it is attached' }),
    want: () => undefined,
    drop: () => undefined,
    release: () => undefined,
    retain: () => false,
    keepOnly: () => undefined,
    onChange: (listener) => {
      tell = listener
      return () => undefined
    },
  }

  function watch(mapped: string[] = []): WatchedDocker {
    const map = (inspect: Inspect, context: MappingContext): Candidate => {
      mapped.push(inspect.Id ?? '')
      const candidate = containerToCandidate(inspect, context)
      return isReached ? candidate : { ...candidate, endpoints: [] }
    }
    const joining = { networks, ready: () => Promise.resolve() }
    watched = forTest(new WatchedDocker(docker.url, { joining, map }))
    return watched
  }

  const offered = (): string[] =>
    [...watched.candidates].filter(([, { endpoints }]) => endpoints.length > 0).map(([id]) => id)

  beforeEach(() => {
    isReached = false
    tell = () => undefined
  })

  it('count for a container of the first list, too, when one is reached before that is made', async () => {
    const mapped: string[] = []
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    docker.beforeInspectAnswer = async (id) => {
      if (id !== 'c2' || isReached) return
      await waitUntil('the other one is mapped', () => mapped.includes('c1'))
      isReached = true
      tell('net-bridge')
    }
    await watch(mapped).connected()
    await waitUntil('both have an endpoint', () => offered().length === 2)
    expect(mapped.filter((id) => id === 'c1')).toHaveLength(2)
  })

  describe('when they change', () => {
    let underWay: Set<string>
    let most: number
    let answer: (id: string) => Promise<void>

    beforeEach(async () => {
      underWay = new Set()
      most = 0
      answer = () => new Promise((resolve) => setImmediate(resolve))
      for (let number = 1; number <= 30; number++)
        docker.run({ id: `c${number}`, name: `web-${number}` })
      await watch().connected()
      docker.asked.length = 0
      docker.beforeInspectAnswer = async (id) => {
        underWay.add(id)
        most = Math.max(most, underWay.size)
        await answer(id)
        underWay.delete(id)
      }
      isReached = true
    })

    it('ask for a few containers at a time, and for each of them once', async () => {
      answer = () => waitUntil('eight at a time', () => most >= 8)
      tell(undefined)
      tell('net-bridge')
      await waitUntil('all are offered', () => offered().length === 30)
      expect(most).toBe(8)
      // Those that were being asked when it was told the second time are asked once more.
      const inspects = docker.asked.filter((path) => /^\/containers\/c\d+\/json$/.test(path))
      expect(inspects.length).toBeLessThanOrEqual(38)
    })

    it('do not make an event wait', async () => {
      let open = (): void => undefined
      const opened = new Promise<void>((resolve) => (open = resolve))
      answer = (id) => (id === 'c30' ? Promise.resolve() : opened)
      tell(undefined)
      await waitUntil('eight are asked', () => underWay.size === 8)
      docker.emit('pause', 'c30')
      await waitUntil('the one that has not been its turn', () => offered().includes('c30'))
      expect(underWay.size).toBe(8)
      open()
      await waitUntil('all are offered', () => offered().length === 30)
      expect(docker.inspectsOf('c30')).toBe(1)
    })

    it('do not stop at containers that cannot be inspected', async () => {
      const broken = new Set(Array.from({ length: 10 }, (_, index) => `c${index + 1}`))
      docker.brokenContainers = broken
      tell(undefined)
      await waitUntil('all others are offered', () => offered().length === 20)
      docker.brokenContainers = new Set()
      await waitUntil('these are, too', () => offered().length === 30)
    })
  })
})
