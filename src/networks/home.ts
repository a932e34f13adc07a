import type { Inspect } from '../discovery/docker/docker-types.ts'
import type { DockerClient } from '../discovery/docker/client.ts'
import type { Member } from './decide.ts'
import type { PublishedOn } from './rules.ts'

/**
 * The driver option with which fairlead marks an endpoint that it made; its value is the instance's
 * name. Docker keeps it with the endpoint and shows it (`docker inspect`), drivers pass over options
 * that are not theirs, and, unlike an alias, it gives nobody a new name to resolve. It is made and
 * removed by the same call as the endpoint, so that the two are never of different minds.
 */
export const markOption = 'fairlead.joined-by'
export const haproxyLabel = 'fairlead.haproxy'

export type FoundHome = {
  /** HAProxy's container, or the one whose network it shares. */
  readonly haproxy: Member
  /** It has networks of its own to be on; false: the host's. */
  readonly isApart: boolean
  /** Fairlead's own container, if it is on this daemon and has other networks than HAProxy. */
  readonly own: Member | undefined
  /** Addresses of the container that fairlead's own sockets are in; undefined: not on this daemon. */
  readonly ownAddresses: readonly OwnAddress[] | undefined
  /** Where ports that this host publishes are reached from HAProxy's container; undefined: not known. */
  readonly gateway: string | undefined
}

export type OwnAddress = { readonly address: string; readonly isOurs: boolean }

export type Sharing = {
  isShared: boolean | undefined
  /** Of the container that this process' sockets are in, also where HAProxy's is not found. */
  ownAddresses?: readonly OwnAddress[]
}

export type HomeQuestion = {
  readonly client: Pick<
    DockerClient,
    'inspect' | 'listContainers' | 'networkModes' | 'apiVersion' | 'remoteHost'
  >
  readonly instance: string
  /** By setting: a name or an id. */
  readonly named: string | undefined
  /** Ids of the container whose network files this process has; empty: no container. */
  readonly ownIds: ReadonlySet<string>
  /** Somebody else starts HAProxy. */
  readonly isAttached: boolean
  /** Whether another container shares this one's network; asked until HAProxy's container is found. */
  readonly sharing: Sharing
  readonly signal: AbortSignal
}

/** HAProxy's container on this daemon; undefined: none is found. Throws DockerError. */
export async function findHome(question: HomeQuestion): Promise<FoundHome | undefined> {
  const { client, instance, signal } = question
  const inner = await innerOf(question)
  if (inner !== undefined) question.sharing.ownAddresses = addressesOf(inner, instance)
  const found = mayBeHome(question, inner) ? await haproxyOf(question, inner) : undefined
  if (found === undefined) return undefined
  const haproxy = (await networkOwner(client, found, signal)) ?? found
  const keepsRoute = isFrom(client.apiVersion, 1, 48)
  const isShared = inner !== undefined && inner.Id === haproxy.Id
  return {
    haproxy: memberOf(haproxy, instance, keepsRoute),
    isApart: haproxy.HostConfig?.NetworkMode !== 'host',
    own: inner === undefined || isShared ? undefined : memberOf(inner, instance, keepsRoute),
    ownAddresses: inner === undefined ? undefined : addressesOf(inner, instance),
    gateway: gatewayOf(haproxy),
  }
}

/** HAProxy is on this machine, unless its container is named: its socket is a file here. */
function mayBeHome({ client, named }: HomeQuestion, inner: Inspect | undefined): boolean {
  return named !== undefined || inner !== undefined || client.remoteHost === undefined
}

/** The container whose network this process is in, as far as this daemon knows it. */
async function innerOf({ client, ownIds, signal }: HomeQuestion): Promise<Inspect | undefined> {
  for (const id of ownIds) {
    const inspect = await client.inspect(id, signal)
    if (inspect !== undefined) return inspect
  }
  return undefined
}

/** By the setting; the container whose network this one shares; by label; this one itself. */
async function haproxyOf(
  { client, named, instance, isAttached, sharing, signal }: HomeQuestion,
  inner: Inspect | undefined,
): Promise<Inspect | undefined> {
  if (named !== undefined) return client.inspect(named, signal)
  if (inner !== undefined) {
    if (!isAttached) return inner
    // Docker mounts the network files of the container that is shared: `inner` is that one.
    sharing.isShared ??= await isSharedByAnother(client, inner, signal)
    if (sharing.isShared) return inner
  }
  const [labelled] = await client.listContainers(signal, `${haproxyLabel}=${instance}`)
  if (labelled !== undefined) return client.inspect(labelled, signal)
  sharing.isShared = undefined
  return undefined
}

async function isSharedByAnother(
  client: HomeQuestion['client'],
  inner: Inspect,
  signal: AbortSignal,
): Promise<boolean> {
  if (inner.Config?.Labels?.[haproxyLabel] !== undefined) return true
  return (await client.networkModes(signal)).includes(`container:${inner.Id}`)
}

async function networkOwner(
  client: HomeQuestion['client'],
  inspect: Inspect,
  signal: AbortSignal,
): Promise<Inspect | undefined> {
  const mode = inspect.HostConfig?.NetworkMode ?? ''
  if (!mode.startsWith('container:')) return inspect
  return client.inspect(mode.slice('container:'.length), signal)
}

/** `keepsRoute`: the daemon lets an endpoint say that it wants no default route. */
export function memberOf(inspect: Inspect, instance: string, keepsRoute = false): Member {
  const attached = new Map<string, { name: string; isOurs: boolean }>()
  for (const [name, endpoint] of Object.entries(inspect.NetworkSettings?.Networks ?? {})) {
    const id = endpoint?.NetworkID ?? ''
    if (id === '') continue
    attached.set(id, { name, isOurs: endpoint?.DriverOpts?.[markOption] === instance })
  }
  return {
    id: inspect.Id ?? '',
    name: (inspect.Name ?? '').replace(/^\//, ''),
    isRunning: inspect.State?.Running === true,
    isSwarmTask: inspect.Config?.Labels?.['com.docker.swarm.task.id'] !== undefined,
    attached,
    publishedOn: publishedOn(inspect, keepsRoute),
  }
}

function publishedOn(inspect: Inspect, keepsRoute: boolean): PublishedOn {
  const bindings = [
    ...Object.values(inspect.HostConfig?.PortBindings ?? {}),
    ...Object.values(inspect.NetworkSettings?.Ports ?? {}),
  ]
  if (bindings.every((each) => (each ?? []).length === 0)) return { kind: 'free' }
  const routed = Object.entries(inspect.NetworkSettings?.Networks ?? {})
    .filter(([, endpoint]) => (endpoint?.Gateway ?? '') !== '')
    .map(([name]) => name)
  const [first] = routed.toSorted()
  if (first === undefined) return { kind: 'any' }
  return keepsRoute ? { kind: 'free' } : { kind: 'first', name: first }
}

function isFrom(version: string, major: number, minor: number): boolean {
  const [ours = 0, theirs = 0] = version.split('.').map(Number)
  return ours > major || (ours === major && theirs >= minor)
}

function addressesOf(inspect: Inspect, instance: string): OwnAddress[] {
  return Object.values(inspect.NetworkSettings?.Networks ?? {}).flatMap((endpoint) => {
    const isOurs = endpoint?.DriverOpts?.[markOption] === instance
    return [endpoint?.IPAddress, endpoint?.GlobalIPv6Address]
      .filter((address) => address !== undefined && address !== '')
      .map((address) => ({ address: address ?? '', isOurs }))
  })
}

/** The host's own address on a network that HAProxy was given, not one that was joined. */
function gatewayOf(inspect: Inspect): string | undefined {
  const gateways = Object.values(inspect.NetworkSettings?.Networks ?? {})
    .filter((endpoint) => endpoint?.DriverOpts?.[markOption] === undefined)
    .map((endpoint) => endpoint?.Gateway ?? '')
  return gateways.find((gateway) => gateway !== '')
}
