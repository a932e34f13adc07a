import { basename } from 'node:path'
import { shown } from '../routing/label-values.ts'
import type { ComposeInput } from './input.ts'
import { loadFiles } from './load.ts'
import { type ComposeService, readService } from './service.ts'
import { entriesAt, textAt } from './tree.ts'
import type { Entry, Finding, Mapping, Position } from './tree.ts'

/** A network as Docker is told of it. */
export type ComposeNetwork = {
  /** Docker's name of it: `shop_front`. */
  readonly name: string
  /** `bridge`, `overlay`, …; empty for one that is made elsewhere. */
  readonly driver: string
  readonly at: Position | undefined
}

/** The files of a project as one. */
export type ComposeProject = {
  readonly name: string
  /** Those that `docker compose up` starts; what others wait for comes before them. */
  readonly services: readonly ComposeService[]
  /** Those whose profiles are not asked for. */
  readonly inactive: readonly ComposeService[]
  /** By their keys in the file. */
  readonly networks: ReadonlyMap<string, ComposeNetwork>
  readonly findings: readonly Finding[]
}

/** Network of a service that names none (compose-spec, Networks: the default network). */
export const defaultNetwork = 'default'

/** Reads a project. Throws ComposeError for what is no YAML; else what is wrong is in the findings. */
export function readProject(input: ComposeInput): ComposeProject {
  const { model, findings: before, folders } = loadFiles(input)
  const findings = [...before]
  const name = projectName(input.projectName ?? textAt(model, 'name') ?? basename(input.folder))
  const networks = networksOf(model, name)
  const context = { input, projectName: name, folders, findings }
  const all = [...entriesAt(model, 'services')].map(([key, entry]: [string, Entry]) =>
    readService(key, entry, context),
  )
  const isActive = ({ profiles }: ComposeService): boolean =>
    profiles.length === 0 ||
    input.profiles.includes('*') ||
    profiles.some((profile) => input.profiles.includes(profile))
  const services = inStartOrder(all.filter(isActive))
  findUndefinedNetworks(services, networks, findings)
  return { name, services, inactive: all.filter((each) => !isActive(each)), networks, findings }
}

/** As Compose makes one of a folder's name: small letters, digits, `-` and `_`. */
function projectName(text: string): string {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '')
  return name.replace(/^[_-]+/, '') || 'project'
}

function networksOf(model: Mapping, project: string): ReadonlyMap<string, ComposeNetwork> {
  const networks = new Map<string, ComposeNetwork>([
    [defaultNetwork, { name: `${project}_${defaultNetwork}`, driver: 'bridge', at: undefined }],
  ])
  for (const [key, { value, at }] of entriesAt(model, 'networks')) {
    const isExternal = ![undefined, 'false'].includes(
      textAt(value, 'external') ?? (entriesAt(value, 'external').size > 0 ? 'true' : undefined),
    )
    const given =
      textAt(value, 'name') ??
      textAt(value.kind === 'map' ? value.entries.get('external')?.value : undefined, 'name')
    networks.set(key, {
      name: given ?? (isExternal ? key : `${project}_${key}`),
      driver: isExternal ? '' : (textAt(value, 'driver') ?? 'bridge'),
      at,
    })
  }
  return networks
}

function findUndefinedNetworks(
  services: readonly ComposeService[],
  networks: ReadonlyMap<string, ComposeNetwork>,
  findings: Finding[],
): void {
  for (const service of services) {
    const owner = /^service:(.*)$/s.exec(service.networkMode?.value ?? '')?.[1]
    if (owner !== undefined && !services.some(({ name }) => name === owner)) {
      const what = `it is on the network of service ${shown(owner)}, which is not started`
      findings.push({
        level: 'error',
        at: service.networkMode?.at ?? service.at,
        where: service.name,
        what,
        hint: '',
      })
    }
    for (const { value, at } of service.networks) {
      if (networks.has(value)) continue
      const what = `it is on network ${shown(value)}, which the file does not define`
      const hint = `add it under networks:, with external: true when it is made elsewhere`
      findings.push({ level: 'error', at, where: service.name, what, hint })
    }
  }
}

/** Those that others depend on first, else in the order of their names, as far as there is one. */
function inStartOrder(services: readonly ComposeService[]): readonly ComposeService[] {
  const byName = new Map(services.map((service) => [service.name, service]))
  const ordered = new Set<ComposeService>()
  for (const name of [...byName.keys()].sort()) {
    // From a service to what it waits for; a circle is left where it closes.
    const stack = [byName.get(name)]
    const onPath = new Set(stack)
    for (let last = stack.at(-1); last !== undefined; last = stack.at(-1)) {
      const next = last.dependsOn
        .map((other) => byName.get(other))
        .find((other) => other !== undefined && !ordered.has(other) && !onPath.has(other))
      if (next === undefined) {
        ordered.add(last)
        stack.pop()
      } else {
        onPath.add(next)
        stack.push(next)
      }
    }
  }
  return [...ordered]
}
