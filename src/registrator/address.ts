import type { Inspect } from '../discovery/docker/docker-types.ts'
import type { Metadata } from '../discovery/docker/metadata.ts'
import { isOn } from './filters.ts'
import type { MappingOptions } from './mapping-options.ts'
import type { CandidatePort } from './ports.ts'

/** What the address of a service is made of, beside the flags. */
export type AddressFacts = {
  readonly inspect: Inspect
  /** The container whose network this one uses (`container:X`); undefined: none, or it is gone. */
  readonly networkOwner: Inspect | undefined
  /** What this host's name resolves to; empty: to nothing. */
  readonly hostAddress: string
}

/** Where a service is registered. `notes` are log lines. */
export type Place = {
  readonly address: string
  readonly port: number
  readonly notes: readonly string[]
}

/** Keys that a container may set with `-overrides`; they are then no meta. */
export const overrideAttributes = ['ip', 'internal', 'network', 'ports']

/** Container address and exposed port are registered, so that nothing has to be published. */
export function isInternal(metadata: Metadata, options: MappingOptions): boolean {
  const own = options.hasOverrides ? metadata.values.get('internal') : undefined
  return own === undefined || own === '' ? options.isInternal : isOn(own)
}

/**
 * The address on one of the wanted networks: of SERVICE_NETWORK (with `-overrides`), else of
 * `-network`. `missing`: SERVICE_NETWORK names none that the container is on.
 */
export function wantedNetwork(
  facts: AddressFacts,
  metadata: Metadata,
  options: MappingOptions,
): { readonly address: string; readonly missing: string } {
  const own = options.hasOverrides ? (metadata.values.get('network') ?? '') : ''
  const names = own === '' ? options.networks : list(own)
  const owner = facts.networkOwner ?? facts.inspect
  for (const name of names) {
    const address = addressOn(owner, name, options.prefersIpv6)
    if (address !== '') return { address, missing: '' }
  }
  return { address: '', missing: own }
}

/** The last rule that has an address wins, in Registrator's order; overrides come after all. */
export function placeOf(
  port: CandidatePort,
  facts: AddressFacts,
  metadata: Metadata,
  options: MappingOptions,
): Place {
  const { inspect, networkOwner } = facts
  const notes: string[] = []
  const isDirect = isInternal(metadata, options)
  const chosen = wantedNetwork(facts, metadata, options).address
  let address = isDirect
    ? containerAddress(inspect, options.prefersIpv6)
    : options.ip || publishedAddress(port, facts, options)
  if (chosen !== '') address = chosen
  if (options.labelWithIp !== '') {
    const labels = new Map(Object.entries(inspect.Config?.Labels ?? {}))
    const labelled = labels.get(options.labelWithIp) ?? ''
    if (labelled === '') {
      notes.push(`Label '${options.labelWithIp}' not found in container configuration`)
    } else address = withoutPrefixLength(labelled)
  }
  const mode = inspect.HostConfig?.NetworkMode ?? ''
  if (mode.startsWith('container:') && chosen === '') {
    const target = mode.slice('container:'.length).slice(0, 12)
    if (networkOwner === undefined) {
      notes.push(`unable to inspect network container: ${target} no such container`)
    } else address = containerAddress(networkOwner, options.prefersIpv6) || address
  }
  const own = options.hasOverrides ? (metadata.values.get('ip') ?? '').trim() : ''
  if (own !== '') address = own
  const number = isDirect || chosen !== '' ? port.port : Number(port.hostPort)
  return { address, port: number, notes }
}

/** Without `-internal`: the binding's address, or with a network of the user's the one on that. */
function publishedAddress(
  port: CandidatePort,
  { inspect, hostAddress }: AddressFacts,
  options: MappingOptions,
): string {
  const mode = inspect.HostConfig?.NetworkMode ?? ''
  const isBound = ['bridge', 'default', 'host', ''].includes(mode)
  const address = isBound ? port.hostIp : addressOn(inspect, mode, options.prefersIpv6)
  const isAny = address === '0.0.0.0' || (address === '::' && options.prefersIpv6)
  return isAny ? hostAddress || address : address
}

/** The address on one network, by its name or its id; empty: it is not on it. */
function addressOn(inspect: Inspect, network: string, prefersIpv6: boolean): string {
  const networks = inspect.NetworkSettings?.Networks ?? {}
  const named = Object.hasOwn(networks, network) ? networks[network] : undefined
  const found = named ?? Object.values(networks).find((each) => each?.NetworkID === network)
  const [four, six] = [found?.IPAddress ?? '', found?.GlobalIPv6Address ?? '']
  return prefersIpv6 ? six || four : four || six
}

/**
 * A container's own address: on the default bridge, else on the network it was started on, else on
 * the first by name. Never by chance.
 */
function containerAddress(inspect: Inspect, prefersIpv6: boolean): string {
  const settings = inspect.NetworkSettings
  const [four, six] = [settings?.IPAddress ?? '', settings?.GlobalIPv6Address ?? '']
  const bridge = prefersIpv6 ? six || four : four
  if (bridge !== '') return bridge
  const names = Object.keys(inspect.NetworkSettings?.Networks ?? {}).toSorted()
  for (const name of ['bridge', inspect.HostConfig?.NetworkMode ?? '', ...names]) {
    const address = addressOn(inspect, name, prefersIpv6)
    if (address !== '') return address
  }
  return ''
}

/** `10.42.1.7/16` → `10.42.1.7`: everything from the last slash on is cut. */
function withoutPrefixLength(text: string): string {
  const slash = text.lastIndexOf('/')
  return slash === -1 ? text : text.slice(0, slash)
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}
