import type { Inspect, NetworkFacts } from '../discovery/docker/docker-types.ts'
import { readContainerLabels } from '../discovery/docker/labels.ts'
import type { MetadataSource } from '../discovery/docker/metadata.ts'
import type { ComposeProject } from './project.ts'
import { defaultNetwork } from './project.ts'
import type { ComposeService } from './service.ts'

/** How it is known which ports the containers of a service offer. */
export type PortKnowledge =
  /** The files say: `ports`, `expose`, `fairlead.port`. */
  | 'said'
  /** The files only name them in `SERVICE_<port>_…`; the image must expose them. */
  | 'named'
  /** It depends on the image alone; a stand-in is taken for the one it exposes. */
  | 'image'

/** The containers of a service: what `docker inspect` would say, with stand-ins for what it makes up. */
export type Containers = {
  readonly service: ComposeService
  /** The first two at most: more would be alike. */
  readonly inspects: readonly Inspect[]
  readonly ports: PortKnowledge
}

/** Stands for the one port that an image exposes; no port that means something to routing. */
export const standInPort = 65_535

/** More containers than two differ in nothing that matters to routes. */
const mostStandIns = 2
const firstStartMs = Date.UTC(2000, 0, 1)
/** Docker's first port for those that it chooses itself (`ip_local_port_range`). */
const firstChosenPort = 32_768

/** The containers of all services that are started, in the order of their start. */
export function containersOf(project: ComposeProject): readonly Containers[] {
  const made: Containers[] = []
  let address = 1
  for (const [order, service] of project.services.entries()) {
    const ports = portKnowledge(service)
    const inspects: Inspect[] = []
    for (let at = 0; at < Math.min(service.replicas, mostStandIns); at += 1) {
      inspects.push(inspectOf(service, { project, ports, order, index: at, address }))
      address += 1
    }
    made.push({ service, inspects, ports })
  }
  return made
}

/** By id, as discovery knows a daemon's networks. One that is made elsewhere is taken for a bridge. */
export function networkFacts(project: ComposeProject): ReadonlyMap<string, NetworkFacts> {
  const facts = [...project.networks.values()].map(({ name, driver }): [string, NetworkFacts] => {
    return [networkId(name), { name, driver: driver || 'bridge' }]
  })
  return new Map(facts)
}

/** The container whose network one shares by `network_mode: service:…`. */
export function networkOwnerOf(inspect: Inspect, all: readonly Containers[]): Inspect | undefined {
  const mode = inspect.HostConfig?.NetworkMode ?? ''
  if (!mode.startsWith('container:')) return undefined
  const id = mode.slice('container:'.length)
  return all.flatMap(({ inspects }) => inspects).find((each) => each.Id === id)
}

/** Labels and variables of the containers, as discovery reads them. */
export function sourceOf({ labels, environment }: ComposeService): MetadataSource {
  return {
    env: [...environment].map(([name, { value }]) => `${name}=${value}`),
    labels: Object.fromEntries([...labels].map(([name, { value }]) => [name, value])),
  }
}

/** Docker's name of a container. A given one can only be that of the first. */
export function containerName(service: ComposeService, project: string, index: number): string {
  const { containerName: given, name } = service
  if (given === undefined) return `${project}-${name}-${index + 1}`
  return index === 0 ? given : `${given}-${index + 1}`
}

type Making = {
  readonly project: ComposeProject
  readonly ports: PortKnowledge
  /** Place of the service in the order of start. */
  readonly order: number
  /** Place of the container in its service. */
  readonly index: number
  /** Number of the stand-in for its address. */
  readonly address: number
}

function inspectOf(service: ComposeService, making: Making): Inspect {
  const { project, order, index } = making
  const mode = modeOf(service, project)
  const startedAt = new Date(firstStartMs + order * 1000).toISOString()
  const { env, labels } = sourceOf(service)
  return {
    Id: idOf(service.name, index),
    Name: `/${containerName(service, project.name, index)}`,
    State: { Status: 'running', Running: true, StartedAt: startedAt },
    Config: {
      Image: service.image,
      Env: [...env],
      Labels: labels,
      ExposedPorts: Object.fromEntries(exposedPorts(service, making.ports).map((key) => [key, {}])),
    },
    HostConfig: { NetworkMode: mode },
    NetworkSettings: {
      Ports: isOwnNetwork(mode) ? bindings(service, index) : {},
      Networks: isOwnNetwork(mode) ? attachments(service, making) : {},
    },
  }
}

/** Host network and borrowed ones publish nothing; in `none` nothing is reached. */
function isOwnNetwork(mode: string): boolean {
  return !['host', 'none'].includes(mode) && !mode.startsWith('container:')
}

function idOf(service: string, index: number): string {
  return `${service}/${index}`
}

function networkId(name: string): string {
  return `network ${name}`
}

/** Compose starts a container on its network of highest priority, else the first by name. */
function modeOf({ networkMode, networks }: ComposeService, project: ComposeProject): string {
  const mode = networkMode?.value
  if (mode?.startsWith('service:') === true) {
    return `container:${idOf(mode.slice('service:'.length), 0)}`
  }
  if (mode !== undefined) return mode
  const first = [...networks].sort(
    (a, b) => b.priority - a.priority || (a.value < b.value ? -1 : 1),
  )[0]
  return project.networks.get(first?.value ?? defaultNetwork)?.name ?? ''
}

function attachments(
  service: ComposeService,
  { project, address }: Making,
): Record<string, { NetworkID: string; IPAddress: string }> {
  const keys = service.networks.map(({ value }) => value)
  const names =
    service.networkMode === undefined
      ? (keys.length === 0 ? [defaultNetwork] : keys).flatMap(
          (key) => project.networks.get(key)?.name ?? [],
        )
      : [service.networkMode.value]
  const ip = `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`
  return Object.fromEntries(
    names.map((name) => [name, { NetworkID: networkId(name), IPAddress: ip }]),
  )
}

function exposedPorts(service: ComposeService, ports: PortKnowledge): readonly string[] {
  const said = [...service.exposed, ...service.published]
  if (ports === 'named') return namedPorts(service).map((port) => `${port}/tcp`)
  if (ports === 'image') return [`${standInPort}/tcp`]
  return said.map(({ port, protocol }) => `${port}/${protocol}`)
}

function bindings(
  service: ComposeService,
  index: number,
): Record<string, { HostIp: string; HostPort: string }[]> {
  const all: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const [at, { port, protocol, hostIp, host }] of service.published.entries()) {
    const chosen =
      host === undefined ? firstChosenPort + at : Math.min(host.first + index, host.last)
    const binding = { HostIp: hostIp || '0.0.0.0', HostPort: String(chosen) }
    const key = `${port}/${protocol}`
    all[key] = [...(all[key] ?? []), binding]
  }
  return all
}

function portKnowledge(service: ComposeService): PortKnowledge {
  if (service.exposed.length > 0 || service.published.length > 0) return 'said'
  if (readContainerLabels(sourceOf(service)).has('port')) return 'said'
  return namedPorts(service).length > 0 ? 'named' : 'image'
}

/** Ports of which labels or variables speak: `SERVICE_8080_NAME`. */
function namedPorts({ labels, environment }: ComposeService): readonly string[] {
  const named = [...labels.keys(), ...environment.keys()].flatMap(
    (name) => /^SERVICE_(\d{1,5})_./.exec(name)?.[1] ?? [],
  )
  return [...new Set(named)]
}
