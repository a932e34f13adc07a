import type { Host } from './host.ts'
import { overlayPool, type Place } from './place.ts'

export type SwarmOptions = {
  /** The first so many hosts are managers; all, at most three, without. */
  readonly managers?: number
  /** Name of an attachable overlay network that is made; `apps` without. */
  readonly network?: string | false
}

const port = 2377

/** Joins all hosts to one swarm; the first one makes it and is its leader. */
export async function makeSwarm(
  place: Place,
  hosts: readonly Host[],
  { managers = Math.min(3, hosts.length), network = 'apps' }: SwarmOptions,
): Promise<void> {
  const [first, ...others] = hosts
  if (first === undefined) throw new Error('a swarm needs a host')
  const body = {
    ListenAddr: `${first.address}:${port}`,
    AdvertiseAddr: first.address,
    DefaultAddrPool: [overlayPool(place)],
    SubnetSize: 24,
  }
  await first.dockerApi.call('POST', '/swarm/init', [200], { body })
  const { JoinTokens: tokens } = await first.dockerApi.get<SwarmInspect>('/swarm')
  // Managers one after the other: each is a change of the consensus group's members.
  for (const host of others.slice(0, managers - 1)) await join(host, first, tokens.Manager)
  await Promise.all(others.slice(managers - 1).map((host) => join(host, first, tokens.Worker)))
  if (network !== false) {
    await first.docker('network', 'create', '--driver', 'overlay', '--attachable', network)
  }
}

type SwarmInspect = { readonly JoinTokens: { readonly Manager: string; readonly Worker: string } }

async function join(host: Host, first: Host, token: string): Promise<void> {
  const body = {
    ListenAddr: `${host.address}:${port}`,
    AdvertiseAddr: host.address,
    RemoteAddrs: [`${first.address}:${port}`],
    JoinToken: token,
  }
  await host.dockerApi.call('POST', '/swarm/join', [200], { body })
}
