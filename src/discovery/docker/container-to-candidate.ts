import type { Candidate } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Decision, Problem } from '../../model/problem.ts'
import type { NetworkRef } from '../../networks/contract.ts'
import { nameFault } from '../name-fault.ts'
import { networkOf, networkOwnerOf, publishedPlace, reachOf } from './address.ts'
import type { Reach } from './address.ts'
import { nanosOf } from './docker-types.ts'
import type { Inspect } from './docker-types.ts'
import { healthOf } from './health.ts'
import { readContainerLabels, readRoutingLabels } from './labels.ts'
import type { MappingContext } from './mapping-context.ts'
import { attributesOf, parseTags, readMetadata } from './metadata.ts'
import type { MetadataSource } from './metadata.ts'
import { endpointId, quoted, serviceName } from './names.ts'
import { offeredPorts } from './ports.ts'
import type { OfferedPort } from './ports.ts'

/** Container id and start time: what nothing learnt outlives. */
export function identityOf(inspect: Inspect): string {
  return `${inspect.Id ?? ''} ${inspect.State?.StartedAt ?? ''}`
}

export function nameOf(inspect: Inspect): string {
  return (inspect.Name ?? '').replace(/^\//, '') || (inspect.Id ?? '').slice(0, 12)
}

/**
 * Maps what `docker inspect` says of a container to a candidate: its endpoints by Registrator's
 * rules, or the reasons why it has none. Pure; never throws, whatever labels and variables hold.
 */
export function containerToCandidate(inspect: Inspect, context: MappingContext): Candidate {
  return new Mapping(inspect, context).run()
}

/**
 * The network whose address a container is reached at, or would be if HAProxy were on it; undefined:
 * none.
 */
export function candidateNetwork(
  inspect: Inspect,
  context: MappingContext,
): NetworkRef | undefined {
  const source = { env: inspect.Config?.Env ?? [], labels: inspect.Config?.Labels ?? {} }
  return networkOf(inspect, readContainerLabels(source).get('network'), context)
}

/** One run of the mapping; gathers decisions and problems on its way. */
class Mapping {
  readonly #inspect: Inspect
  readonly #context: MappingContext
  readonly #name: string
  readonly #source: MetadataSource
  readonly #decisions: Decision[] = []
  readonly #problems: Problem[] = []

  constructor(inspect: Inspect, context: MappingContext) {
    this.#inspect = inspect
    this.#context = context
    this.#name = nameOf(inspect)
    this.#source = { env: inspect.Config?.Env ?? [], labels: inspect.Config?.Labels ?? {} }
  }

  run(): Candidate {
    const image = this.#inspect.Config?.Image ?? ''
    this.#note(
      'seen',
      'ok',
      `container ${quoted(this.#name)} of image ${quoted(image)} on ${this.#context.node}`,
    )
    const endpoints = this.#isEligible() ? this.#endpoints(image) : []
    return {
      key: this.#inspect.Id ?? '',
      kind: 'container',
      name: this.#name,
      node: this.#context.node,
      image,
      endpoints,
      problems: this.#problems,
      decisions: this.#decisions,
    }
  }

  #isEligible(): boolean {
    const role = this.#source.labels['fairlead.role']
    if (role !== undefined || this.#context.ownContainerIds.has(this.#inspect.Id ?? '')) {
      this.#note('owner', 'stop', `belongs to fairlead${role ? ` (role ${quoted(role)})` : ''}`)
      return false
    }
    const state = this.#inspect.State
    if (state?.Restarting === true) {
      this.#leaveOut(
        'running',
        `is restarting after it ended with code ${state.ExitCode ?? '?'}`,
        `docker logs ${this.#name}`,
      )
      return false
    }
    if (state?.Running !== true) {
      this.#leaveOut(
        'running',
        `is not running (${state?.Status ?? 'unknown'})`,
        `docker start ${this.#name}`,
      )
      return false
    }
    this.#note('running', 'ok', `started at ${state.StartedAt ?? 'an unknown time'}`)
    return true
  }

  #endpoints(image: string): Endpoint[] {
    const labels = readContainerLabels(this.#source)
    const ports = this.#ports(labels.get('port'))
    if (ports.length === 0) {
      this.#leaveOut(
        'port',
        'has no exposed port',
        this.#context.swarmService === undefined
          ? 'add EXPOSE to its image, start it with --expose PORT, or label it fairlead.port=PORT'
          : `docker service update --label-add fairlead.port=PORT ${this.#context.swarmService}`,
      )
      return []
    }
    const reach = reachOf(this.#inspect, labels.get('network'), this.#context, this.#where())
    if (reach.kind === 'none') {
      this.#leaveOut('network', reach.because.what, reach.because.hint)
      return []
    }
    if (reach.kind === 'joining') {
      this.#note('network', 'stop', reach.why)
      return []
    }
    const usable = this.#places(ports, reach)
    const isGroup = usable.filter((each) => !each.port.isFromLabel).length > 1
    return this.#withUniqueIds(
      usable.flatMap(({ port, address, hostPort }) => {
        const endpoint = this.#endpoint(port, address, hostPort, image, isGroup)
        return endpoint === undefined ? [] : [endpoint]
      }),
    )
  }

  /** A container that shares another's network publishes its ports through that one. */
  #ports(labelled: string | undefined): OfferedPort[] {
    const owner = networkOwnerOf(this.#inspect, this.#context)
    return offeredPorts(this.#inspect, labelled).map((each) => {
      if (owner === undefined || owner === this.#inspect || each.bindings.length > 0) return each
      const bindings = owner.NetworkSettings?.Ports?.[`${each.port}/${each.protocol}`] ?? []
      return { ...each, bindings }
    })
  }

  #places(
    ports: readonly OfferedPort[],
    reach: Extract<Reach, { kind: 'direct' | 'published' }>,
  ): { port: OfferedPort; address: string; hostPort: number }[] {
    if (reach.kind === 'direct') {
      this.#note('network', 'ok', `reached at ${reach.address}, ${reach.how}`)
      return ports.map((port) => ({ port, address: reach.address, hostPort: port.port }))
    }
    const found: { port: OfferedPort; address: string; hostPort: number }[] = []
    const faults: { fault: string; hint: string }[] = []
    for (const port of ports) {
      const place = publishedPlace(port.port, port.bindings, this.#context)
      if ('address' in place) found.push({ port, address: place.address, hostPort: place.port })
      else if (reach.because === undefined || port.bindings.length > 0) faults.push(place)
      else faults.push({ fault: place.fault, hint: reach.because.hint })
    }
    this.#explainPublished(reach.because, found.length, faults)
    return found
  }

  #explainPublished(
    because: Problem | undefined,
    found: number,
    faults: readonly { fault: string; hint: string }[],
  ): void {
    if (because !== undefined && found > 0) {
      this.#note('network', 'note', `${because.what}; its published ports are used`)
    }
    const reason = because === undefined ? '' : `${because.what}; `
    for (const { fault, hint } of faults) {
      if (found === 0) this.#leaveOut('port', `${reason}${fault}`, hint)
      else this.#note('port', 'note', fault, hint)
    }
  }

  #endpoint(
    offered: OfferedPort,
    address: string,
    hostPort: number,
    image: string,
    isGroup: boolean,
  ): Endpoint | undefined {
    const { port, protocol } = offered
    const metadata = readMetadata(this.#source, port)
    if ((metadata.values.get('ignore') ?? '') !== '') {
      this.#note('port', 'stop', `port ${port} is ignored by SERVICE_IGNORE`)
      return undefined
    }
    const service = serviceName(metadata, image, port, isGroup)
    const id = endpointId(metadata, this.#context.node, this.#name, port, protocol)
    if (!this.#isNameFit('id', id) || !this.#isNameFit('service name', service)) return undefined
    const labels = readRoutingLabels(this.#source, port)
    const meta = attributesOf(metadata)
    for (const [key, value] of labels) meta.set(`fairlead_${key}`, value)
    const { health, reason, isReported } = healthOf(this.#inspect.State ?? {})
    this.#note(
      'health',
      reason === '' ? 'ok' : 'note',
      reason || (isReported ? 'healthy by its HEALTHCHECK' : 'no HEALTHCHECK'),
    )
    this.#note(
      'registered',
      'ok',
      `${quoted(id)} of service ${quoted(service)} at ${address} port ${hostPort}`,
    )
    return {
      id,
      service,
      node: this.#context.node,
      address,
      port: hostPort,
      exposedPort: port,
      protocol,
      tags: [
        ...parseTags(metadata.values.get('tags') ?? ''),
        ...(protocol === 'udp' ? ['udp'] : []),
      ],
      meta: Object.fromEntries(meta),
      labels: Object.fromEntries(labels),
      health,
      healthReason: reason,
      isHealthReported: isReported,
      draining: undefined,
      identity: identityOf(this.#inspect),
      startedAtMs: Math.floor(nanosOf(this.#inspect.State?.StartedAt) / 1e6),
    }
  }

  #isNameFit(what: string, name: string): boolean {
    const fault = nameFault(name)
    if (fault === '') return true
    this.#leaveOut(
      'name',
      `its ${what} ${quoted(name)} ${fault}`,
      what === 'id' ? 'change SERVICE_ID or the name of the container' : 'change SERVICE_NAME',
    )
    return false
  }

  /** One SERVICE_ID on several ports: the lowest port keeps it. */
  #withUniqueIds(endpoints: readonly Endpoint[]): Endpoint[] {
    const seen = new Map<string, Endpoint>()
    for (const each of endpoints) {
      const other = seen.get(each.id)
      if (other === undefined) seen.set(each.id, each)
      else {
        this.#leaveOut(
          'name',
          `port ${each.exposedPort} has the same id ${quoted(each.id)} as port ${other.exposedPort}`,
          `give each port its own: SERVICE_${each.exposedPort}_ID`,
        )
      }
    }
    return [...seen.values()]
  }

  #where(): string {
    return `container ${this.#name}`
  }

  #leaveOut(step: string, what: string, hint: string): void {
    this.#problems.push({ where: this.#where(), what, hint })
    this.#note(step, 'stop', what, hint)
  }

  #note(step: string, outcome: Decision['outcome'], what: string, hint?: string): void {
    this.#decisions.push(
      hint === undefined ? { step, outcome, what } : { step, outcome, what, hint },
    )
  }
}
