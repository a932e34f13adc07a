import { describe, expect, it } from 'vitest'
import { inspectOf } from '../../../test/support/fake-docker.ts'
import { direct } from '../../../test/support/container-sketch.ts'
import type { Candidate } from '../../model/candidate.ts'
import type { Joining, NetworkReach } from '../../networks/contract.ts'
import { containerToCandidate } from './container-to-candidate.ts'
import type { Binding, Inspect } from './docker-types.ts'
import { joiningMapping } from './joining-mapping.ts'

/** Maps a container on the network `apps`; also what was said of it, in order. */
function map(
  reach: NetworkReach,
  options: { isOffered?: boolean; bindings?: Binding[]; isInContainer?: boolean } = {},
): { candidate: Candidate; said: readonly string[] } {
  const { isOffered = true, bindings, isInContainer = true } = options
  const said: string[] = []
  const joining: Joining = {
    networks: {
      isInContainer,
      reachOf: ({ name }) => {
        said.push(`reach ${name}`)
        return reach
      },
      want: (source, key, { id }) => said.push(`want ${source} ${key} ${id}`),
      drop: (source, key) => said.push(`drop ${source} ${key}`),
      release: () => undefined,
      retain: () => false,
      keepOnly: () => undefined,
      onChange: () => () => undefined,
    },
    ready: () => Promise.resolve(),
    isOffered: ({ endpoints }) => isOffered && endpoints.length > 0,
    isHome: () => true,
    gateway: () => '172.18.0.1',
  }
  const inspect = inspectOf({
    id: 'c1',
    name: 'web',
    networks: { apps: '172.20.0.5' },
  }) as Inspect
  const ports = { Ports: { '80/tcp': bindings ?? null } }
  const mapping = joiningMapping({
    joining,
    source: 'docker:x',
    dockerUrl: 'unix:///x',
    map: containerToCandidate,
  })
  const given = { ...inspect, NetworkSettings: { ...inspect.NetworkSettings, ...ports } }
  return { candidate: mapping(given, direct), said }
}

const addresses = ({ endpoints }: Candidate): readonly string[] =>
  endpoints.map(({ address, port }) => `${address}:${port}`)
const refused: NetworkReach = { kind: 'refused', what: 'no', hint: 'docker network connect' }

describe('a container on a network that HAProxy', () => {
  it('is on: at its own address, and the network is wanted before it is relied on', () => {
    const { candidate, said } = map({ kind: 'reached' })
    expect(addresses(candidate)).toEqual(['172.20.0.5:80'])
    expect(said.at(-1)).toBe('reach apps')
    expect(said).toContain('want docker:x c1 net-apps')
  })

  it('is being attached to: held back without a problem, with the reason', () => {
    const { candidate } = map({ kind: 'joining', why: 'HAProxy is being attached' })
    expect(candidate.endpoints).toEqual([])
    expect(candidate.problems).toEqual([])
    expect(candidate.decisions.at(-1)).toMatchObject({ what: 'HAProxy is being attached' })
  })

  it('cannot be attached to: at its published port, by the gateway', () => {
    const { candidate, said } = map(refused, {
      bindings: [{ HostIp: '0.0.0.0', HostPort: '32768' }],
    })
    expect(addresses(candidate)).toEqual(['172.18.0.1:32768'])
    // It is tried again as long as it is wanted.
    expect(said).toContain('want docker:x c1 net-apps')
  })

  it('cannot be attached to, without a published port: left out with the command', () => {
    const { candidate } = map(refused)
    expect(candidate.endpoints).toEqual([])
    expect(candidate.problems).toMatchObject([{ hint: 'docker network connect' }])
  })

  it('is not on, and of which nothing is routed: wanted by nobody, and no problem', () => {
    const { candidate, said } = map(refused, { isOffered: false })
    expect(said).toContain('drop docker:x c1')
    expect(said.filter((each) => each.startsWith('want'))).toEqual([])
    expect(candidate.problems).toEqual([])
    expect(addresses(candidate)).toEqual(['172.20.0.5:80'])
  })
})

it('asks nobody where HAProxy is a process of the machine', () => {
  const { candidate, said } = map(refused, { isInContainer: false })
  expect(said).toEqual(['drop docker:x c1'])
  expect(addresses(candidate)).toEqual(['172.20.0.5:80'])
})
