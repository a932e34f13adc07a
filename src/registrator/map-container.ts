import type { Candidate } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Decision } from '../model/problem.ts'
import { identityOf, nameOf } from '../discovery/docker/container-to-candidate.ts'
import { nanosOf } from '../discovery/docker/docker-types.ts'
import { healthOf } from '../discovery/docker/health.ts'
import { attributesOf, parseTags, readMetadata } from '../discovery/docker/metadata.ts'
import type { Metadata } from '../discovery/docker/metadata.ts'
import { isInternal, overrideAttributes, placeOf, wantedNetwork } from './address.ts'
import type { AddressFacts } from './address.ts'
import { filterReason, registerAttribute } from './filters.ts'
import type { MappingOptions } from './mapping-options.ts'
import { imageName, serviceId, suffixed } from './names.ts'
import type { Named } from './names.ts'
import { candidatePorts, namedPorts } from './ports.ts'
import type { CandidatePort } from './ports.ts'

/** All that the mapping of one container needs beside the flags. */
export type ContainerFacts = AddressFacts & {
  /** What the Docker daemon calls itself. */
  readonly node: string
  /** `-tags` as rendered for this container. */
  readonly forcedTags: string
}

/** Steps of decisions that become log lines: `ignored: <id> <what>`, and `what` as it is. */
export const ignoredStep = 'ignored'
export const lineStep = 'line'
/** The container does not run, or is about to be started again. */
export const endedStep = 'ended'

/**
 * Maps what `docker inspect` says of a container to a candidate whose endpoints are the services
 * that Registrator would register: ids, names, addresses, tags, meta. Pure; never throws. What is
 * left out is in the decisions.
 */
export function mapContainer(facts: ContainerFacts, options: MappingOptions): Candidate {
  const { inspect, node } = facts
  const notes: Decision[] = []
  return {
    key: inspect.Id ?? '',
    kind: 'container',
    name: nameOf(inspect),
    node,
    image: inspect.Config?.Image ?? '',
    endpoints: new ContainerMapping(facts, options, notes).endpoints(),
    problems: [],
    decisions: notes,
  }
}

/** One run of the mapping; gathers decisions on its way. */
class ContainerMapping {
  readonly #facts: ContainerFacts
  readonly #options: MappingOptions
  readonly #notes: Decision[]
  readonly #source: { readonly env: readonly string[]; readonly labels: Record<string, string> }

  constructor(facts: ContainerFacts, options: MappingOptions, notes: Decision[]) {
    this.#facts = facts
    this.#options = options
    this.#notes = notes
    const config = facts.inspect.Config
    this.#source = { env: config?.Env ?? [], labels: config?.Labels ?? {} }
  }

  endpoints(): Endpoint[] {
    const { inspect } = this.#facts
    // A container that has ended meanwhile has lost its addresses; its next start is an event.
    if (inspect.State?.Running !== true || inspect.State.Restarting === true) {
      this.#notes.push({ step: endedStep, outcome: 'stop', what: 'it does not run' })
      return []
    }
    const reason = filterReason(nameOf(inspect), this.#source, this.#options.filters)
    if (reason !== '') {
      this.#ignore(reason)
      return []
    }
    const { health, reason: illness, isReported } = healthOf(inspect.State)
    if (this.#options.isHealthyOnly && isReported && health !== 'passing') {
      this.#ignore(illness)
      return []
    }
    const ports = this.#ports()
    if (ports.length === 0) this.#ignore('no published ports')
    const offered = ports.filter((port) => this.#isOffered(port))
    const named = offered.flatMap((port) => this.#named(port) ?? [])
    const names = suffixed(named, this.#options.suffix, offered.length > 1)
    return this.#withUniqueIds(named.flatMap((each, at) => this.#services(each, names[at] ?? '')))
  }

  #ports(): CandidatePort[] {
    const { inspect } = this.#facts
    const list = this.#options.hasOverrides
      ? (readMetadata(this.#source, 0).values.get('ports') ?? '')
      : ''
    if (list === '') return candidatePorts(inspect)
    const { ports, faults } = namedPorts(inspect, list)
    for (const fault of faults) this.#ignore(`SERVICE_PORTS: no port: ${fault}`)
    return ports
  }

  #isOffered(port: CandidatePort): boolean {
    const metadata = readMetadata(this.#source, port.port)
    if (isInternal(metadata, this.#options)) return true
    if (wantedNetwork(this.#facts, metadata, this.#options).address !== '') return true
    const isHost = this.#facts.inspect.HostConfig?.NetworkMode === 'host'
    const isGuessed = port.isAssumed && !isHost && this.#options.isPublishedOnly
    if (port.hostPort !== '' && !isGuessed) return true
    this.#ignore(`port ${port.text} not published on host`)
    return false
  }

  /** undefined: by its metadata, the port is not registered. */
  #named(port: CandidatePort): Named | undefined {
    const metadata = readMetadata(this.#source, port.port)
    const given = this.#nameGiven(metadata)
    const isIgnored = (metadata.values.get('ignore') ?? '') !== ''
    if (isIgnored || (this.#options.isExplicit && given === '')) {
      this.#ignore(`service on port ${port.text}`)
      return undefined
    }
    const image = this.#facts.inspect.Config?.Image ?? ''
    return { port, metadata, name: given || imageName(image, this.#options.hasDigestNames) }
  }

  /** With `-aliases` a list without a name in it (`,,`) is none. */
  #nameGiven(metadata: Metadata): string {
    const name = metadata.values.get('name') ?? ''
    return this.#options.hasAliases && /^[\s,]*$/.test(name) ? '' : name
  }

  /** The service of one port; with `-aliases` one for each of its names. */
  #services(named: Named, name: string): Endpoint[] {
    const endpoint = this.#endpoint(named, name)
    if (endpoint === undefined) return []
    if (!this.#options.hasAliases || !name.includes(',')) return [endpoint]
    // The suffix stands behind the last name only.
    const suffix = name.slice(named.name.length)
    const names = named.name
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')
    if (names.length === 0) return [endpoint]
    return names.map((each, at) => ({
      ...endpoint,
      id: at === 0 ? endpoint.id : `${endpoint.id}:${each}`,
      service: `${each}${suffix}`,
    }))
  }

  #endpoint(named: Named, service: string): Endpoint | undefined {
    const { port, metadata } = named
    const { inspect, node } = this.#facts
    const { missing } = wantedNetwork(this.#facts, metadata, this.#options)
    if (missing !== '') {
      this.#ignore(`service on port ${port.text}: not on network ${missing}`)
      return undefined
    }
    const place = placeOf(port, this.#facts, metadata, this.#options)
    for (const what of place.notes) this.#notes.push({ step: lineStep, outcome: 'note', what })
    if (!this.#isUsable(port, place)) return undefined
    const { health, reason, isReported } = healthOf(inspect.State ?? {})
    return {
      id: serviceId(named, this.#options.hostname || port.hostIp, nameOf(inspect)),
      service,
      node,
      address: place.address,
      port: place.port,
      exposedPort: port.port,
      protocol: port.protocol === 'udp' ? 'udp' : 'tcp',
      tags: this.#tags(named),
      meta: this.#meta(named),
      labels: {},
      health,
      healthReason: reason,
      isHealthReported: isReported,
      draining: undefined,
      identity: identityOf(inspect),
      startedAtMs: Math.floor(nanosOf(inspect.State?.StartedAt) / 1e6),
    }
  }

  /** Addresses that lead nowhere are refused; Consul would refuse the first two as well. */
  #isUsable(port: CandidatePort, place: { address: string; port: number }): boolean {
    const { address } = place
    const isMissing = address === '' && !this.#options.allowsEmptyAddress
    if (isMissing || address === '0.0.0.0' || address === '::') {
      const why = address === '' ? 'no address' : `no address but ${address}`
      this.#ignore(`service on port ${port.text}: ${why}, set -ip`)
      return false
    }
    if (port.isWhole === true || (isPortNumber(place.port) && isPortNumber(port.port))) return true
    this.#ignore(`service on port ${port.text}: no port number`)
    return false
  }

  #tags({ port, metadata }: Named): string[] {
    const own = [metadata.values.get('tags') ?? '', this.#facts.forcedTags].flatMap((text) => {
      const reversed = parseTags(text)
      return this.#options.hasTagsInOrder ? reversed.toReversed() : reversed
    })
    return port.protocol === 'udp' ? [...own, 'udp'] : own
  }

  #meta({ metadata }: Named): Record<string, string> {
    const attributes = attributesOf(metadata)
    if (this.#options.hasOverrides) for (const key of overrideAttributes) attributes.delete(key)
    if (this.#options.filters.isOptIn) attributes.delete(registerAttribute)
    return Object.fromEntries([...this.#options.meta, ...attributes])
  }

  /** One SERVICE_ID on several ports can be one service only: the lowest port's. */
  #withUniqueIds(endpoints: readonly Endpoint[]): Endpoint[] {
    const seen = new Map<string, Endpoint>()
    for (const each of endpoints) {
      if (!seen.has(each.id)) seen.set(each.id, each)
      else this.#ignore(`service on port ${each.exposedPort}: another port has the ID ${each.id}`)
    }
    return [...seen.values()]
  }

  #ignore(what: string): void {
    this.#notes.push({ step: ignoredStep, outcome: 'stop', what })
  }
}

function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}
