import { describe, expect, it } from 'vitest'
import { sampleCandidate } from '../../../test/support/samples.ts'
import { DockerError } from './docker-error.ts'
import { listAll } from './full-list.ts'
import type { FullList } from './full-list.ts'

/** The list of a daemon with two containers, of which inspecting `c1` fails. */
function listWith(fault: Error, troubles: string[] = []): Promise<FullList> {
  return listAll({
    client: { listContainers: async () => ['c1', 'c2'], pastEvents: async () => [] },
    inspector: {
      inspect: async (id) => {
        if (id === 'c1') throw fault
        return { inspect: { Id: id }, candidate: sampleCandidate([], { key: id }) }
      },
    },
    openedMs: 0,
    onTrouble: (message) => troubles.push(message),
    signal: new AbortController().signal,
  })
}

describe('the list of all that runs', () => {
  it.each([
    ['is not inspected in time', new DockerError('no answer', { isTimeout: true })],
    ['the daemon refuses to inspect', new DockerError('broken', { status: 500 })],
  ])('is there although one container %s', async (_how, fault) => {
    const troubles: string[] = []
    const { containers } = await listWith(fault, troubles)
    expect([...containers.keys()].toSorted()).toEqual(['c1', 'c2'])
    expect(containers.get('c1')).toBeUndefined()
    expect(containers.get('c2')?.inspect.Id).toBe('c2')
    expect(troubles).toEqual([fault.message])
  })

  it('fails with a daemon that is gone', async () => {
    await expect(listWith(new DockerError('ECONNREFUSED'))).rejects.toThrow('ECONNREFUSED')
  })
})
