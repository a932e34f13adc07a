import { isIP } from 'node:net'
import type { Problem } from '../../model/problem.ts'
import type { NetworkRef } from '../../networks/contract.ts'
import type { Inspect } from './docker-types.ts'
import type { MappingContext } from './mapping-context.ts'
import { chooseNetwork } from './network-choice.ts'
import { publishHint, quoted } from './names.ts'

/** How HAProxy gets to a container. */
export type Reach =
  /** Exposed ports at this address. */
  | { readonly kind: 'direct'; readonly address: string; readonly how: string }
  /** Published ports only. `because`: why not directly; undefined when the user wanted it so. */
  | { readonly kind: 'published'; readonly because: Problem | undefined }
  /** Not yet: HAProxy is being attached to its network. */
  | { readonly kind: 'joining'; readonly why: string }
  /** Not at all. */
  | { readonly kind: 'none'; readonly because: Problem }

/**
 * Decides how a running container is reached: host network, container address, or published ports.
 * `where` names the container in problems.
 */
export function reachOf(
  inspect: Inspect,
  wantedNetwork: string | undefined,
  context: MappingContext,
  where: string,
): Reach {
  const owner = networkOwnerOf(inspect, context)
  if (owner === undefined) {
    return {
      kind: 'none',
      because: {
        where,
        what: 'shares the network of another container that is gone',
        hint: 'recreate it after the container it names in --network container:…',
      },
    }
  }
  const mode = owner.HostConfig?.NetworkMode ?? ''
  if (mode === 'host') return hostReach(context, where)
  if (mode === 'none' && !hasAddress(owner)) {
    return {
      kind: 'none',
      because: {
        where,
        what: 'has no network (--network none)',
        // Docker refuses a second network beside `none`.
        hint: 'docker network disconnect none <container>, then docker network connect <network> <container>',
      },
    }
  }
  const isBorrowed = owner !== inspect && !hasBindings(owner)
  if (context.usePublished && !isBorrowed) return { kind: 'published', because: undefined }
  const choice = chooseNetwork(owner, wantedNetwork, context, where)
  if (choice.kind === 'chosen') {
    return { kind: 'direct', address: choice.address, how: `on network ${choice.network.name}` }
  }
  if (choice.kind === 'joining') return { kind: 'joining', why: choice.why }
  return choice.kind === 'refused'
    ? { kind: 'none', because: choice.because }
    : { kind: 'published', because: choice.because }
}

/**
 * The network whose address a container is reached at, or would be if HAProxy were on it; undefined:
 * none, as with published ports or the host's network.
 */
export function networkOf(
  inspect: Inspect,
  wantedNetwork: string | undefined,
  context: MappingContext,
): NetworkRef | undefined {
  const owner = networkOwnerOf(inspect, context)
  if (owner === undefined || owner.HostConfig?.NetworkMode === 'host') return undefined
  const isBorrowed = owner !== inspect && !hasBindings(owner)
  if (context.usePublished && !isBorrowed) return undefined
  const choice = chooseNetwork(owner, wantedNetwork, context, '')
  return choice.kind === 'refused' ? undefined : choice.network
}

/** With `--network container:X` addresses and published ports are X's. */
export function networkOwnerOf(inspect: Inspect, context: MappingContext): Inspect | undefined {
  const isSharing = (inspect.HostConfig?.NetworkMode ?? '').startsWith('container:')
  return isSharing ? context.networkOwner : inspect
}

function hasAddress(inspect: Inspect): boolean {
  return Object.values(inspect.NetworkSettings?.Networks ?? {}).some(
    (each) => (each?.IPAddress || each?.GlobalIPv6Address || '') !== '',
  )
}

function hasBindings(inspect: Inspect): boolean {
  return Object.values(inspect.NetworkSettings?.Ports ?? {}).some((each) => (each ?? []).length > 0)
}

function hostReach(context: MappingContext, where: string): Reach {
  const isInContainer =
    context.haproxyNetworks !== undefined && !context.haproxyNetworks.has('host')
  const address = context.publishedAddress ?? ownAddress(context, isInContainer)
  if (address !== undefined) return { kind: 'direct', address, how: 'host network' }
  return {
    kind: 'none',
    because: {
      where,
      what: 'uses the host network, and the address of that host is not known here',
      hint: 'give it with --published-address',
    },
  }
}

function ownAddress(context: MappingContext, isInContainer: boolean): string | undefined {
  if (!context.isLocalDaemon) return context.daemonAddress
  return isInContainer ? context.gateway : '127.0.0.1'
}

/** Where a published port is reached, or why it is not. */
export type PublishedPlace =
  | { readonly address: string; readonly port: number }
  | { readonly fault: string; readonly hint: string }

/**
 * The first usable binding of a port. A concrete host address is kept; a wildcard becomes the
 * address given for published ports, else the loopback of this machine or the remote daemon's address.
 */
export function publishedPlace(
  port: number,
  bindings: readonly { HostIp?: string; HostPort?: string }[],
  context: MappingContext,
): PublishedPlace {
  let last: PublishedPlace = {
    fault: `port ${port} not published on host`,
    hint: `${publishHint(context, port)}, or give HAProxy a network it shares with it`,
  }
  for (const binding of bindings) {
    const place = placeOf(port, binding.HostIp ?? '', Number(binding.HostPort), context)
    if ('address' in place) return place
    last = place
  }
  return last
}

function placeOf(
  port: number,
  hostIp: string,
  hostPort: number,
  context: MappingContext,
): PublishedPlace {
  const isWildcard = hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::'
  const isInContainer =
    context.haproxyNetworks !== undefined && !context.haproxyNetworks.has('host')
  if (isWildcard) {
    const loopback = hostIp === '::' ? '::1' : '127.0.0.1'
    const address =
      context.publishedAddress ??
      (context.isLocalDaemon ? (isInContainer ? context.gateway : loopback) : context.daemonAddress)
    if (address !== undefined) return { address, port: hostPort }
    return {
      fault: `port ${port} is published, but at which address is not known here`,
      hint: 'give it with --published-address',
    }
  }
  if (isIP(hostIp) === 0) {
    return {
      fault: `port ${port} is published at ${quoted(hostIp)}`,
      hint: 'publish it at an address',
    }
  }
  const isLoopback = hostIp.startsWith('127.') || hostIp === '::1'
  if (isLoopback && (!context.isLocalDaemon || isInContainer)) {
    return {
      fault: `port ${port} is published on the loopback of ${context.node} only`,
      hint: `publish it on an address that HAProxy reaches (docker run -p ${port})`,
    }
  }
  return { address: hostIp, port: hostPort }
}
