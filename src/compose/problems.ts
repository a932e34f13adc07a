import type { Problem } from '../model/problem.ts'
import { shownName } from '../routing/label-values.ts'
import { containerName, type PortKnowledge, standInPort } from './containers.ts'
import { type Assessed, type Assessment, nodeName } from './assess.ts'
import type { ComposeProject } from './project.ts'
import type { ComposeService } from './service.ts'
import type { Finding, Located, Position } from './tree.ts'

/**
 * What discovery, registry and routing found wrong, each where it stands in the files: the label or
 * key that it is about, else the service. Containers of one service are told of once.
 */
export function problemFindings(assessment: Assessment, project: ComposeProject): Finding[] {
  const { services, snapshot, result } = assessment
  const found: Finding[] = []
  for (const assessed of services) {
    if (assessed.isWanted) {
      for (const problem of assessed.candidates.flatMap(({ problems }) => problems)) {
        found.push(ofContainer(problem, assessed, project))
      }
    }
    if (assessed.candidates.some(({ endpoints }) => endpoints.length > 0)) continue
    for (const { key, what, hint } of assessed.labels.problems) {
      const where = `label fairlead.${shownName(key)}`
      found.push(ofContainer({ where, what, hint }, assessed, project))
    }
  }
  const titles = titlesOf(services, project)
  const owners = ownersByService(services)
  for (const problem of [...snapshot.problems, ...result.problems]) {
    const owner = titles.get(problem.where.replace(suffix, ''))
    found.push(
      owner === undefined ? ofRoute(problem, owners) : ofContainer(problem, owner, project),
    )
  }
  return distinct(found)
}

const words: readonly (readonly [RegExp, string])[] = [
  [/docker network disconnect none .*$/, 'leave network_mode away'],
  [/docker network connect <network> <container>/, 'put it on a network of the file'],
  [/ \(docker run -p (\w+)\)/, ' (ports: ["$1"])'],
  [
    /shares the network of another container that is gone/,
    'shares the network of a container that is not started by these files',
  ],
  [/recreate it after the container .*$/, 'write network_mode: "service:NAME"'],
  [/\(--network none\)/, '(network_mode: none)'],
  [/start it with --expose PORT/, 'write expose: ["PORT"]'],
]

/**
 * Messages are for those who look at containers and type docker commands; this is what they are for
 * a Compose file.
 */
export function inComposeWords(text: string, ports: PortKnowledge): string {
  const plain = ports === 'image' ? text.replaceAll(`port ${standInPort}`, 'its port') : text
  return words.reduce((all, [command, key]) => all.replace(command, key), plain)
}

const suffix = new RegExp(`(, label .*| on ${nodeName})$`, 's')

/** What problems call the containers of a service: `container shop-web-1`. */
function titlesOf(
  services: readonly Assessed[],
  project: ComposeProject,
): ReadonlyMap<string, Assessed> {
  const titles = services.flatMap((assessed) =>
    namesOf(assessed.service, project).map((name) => [`container ${name}`, assessed] as const),
  )
  return new Map(titles)
}

/** By the name of a service of fairlead's, as it is shown: whose containers are in it. */
export function ownersByService(
  services: readonly Assessed[],
): ReadonlyMap<string, readonly Assessed[]> {
  const owners = new Map<string, Assessed[]>()
  for (const assessed of services) {
    const endpoints = assessed.candidates.flatMap((candidate) => candidate.endpoints)
    for (const name of new Set(endpoints.map(({ service }) => shownName(service)))) {
      owners.set(name, [...(owners.get(name) ?? []), assessed])
    }
  }
  return owners
}

/** What messages call the containers of a service. */
function namesOf(service: ComposeService, project: ComposeProject): readonly string[] {
  const names = [0, 1].map((index) => containerName(service, project.name, index))
  return [...names, ...names.map(shownName)]
}

function ofContainer(
  { where, what, hint }: Problem,
  { service, ports }: Assessed,
  project: ComposeProject,
): Finding {
  const label = /(?:^|, )(label .*)$/s.exec(where)?.[1]
  // A name that somebody gave may be a part of any word.
  const names = service.containerName === undefined ? namesOf(service, project) : []
  const text = (said: string): string =>
    names.reduce((all, name) => all.replaceAll(name, service.name), inComposeWords(said, ports))
  // Whose network it is in may be there all the same, only not by these files.
  const isBorrowed = service.networkMode?.value.startsWith('container:') ?? false
  return {
    level: isBorrowed && what.includes('container that is gone') ? 'warning' : 'error',
    at: placeOf(service, `${label ?? ''} ${what} ${hint}`),
    where: label === undefined ? service.name : `${service.name}, ${label}`,
    what: text(what),
    hint: text(hint),
  }
}

/** Problems of a service of fairlead's, or of the settings. */
function ofRoute(problem: Problem, byService: ReadonlyMap<string, readonly Assessed[]>): Finding {
  const { where, what, hint } = problem
  const owners = byService.get(where.replace(/^service /, '')) ?? []
  const host = /^host (\S+) belongs to service/.exec(what)?.[1]
  const owner = owners.find(({ service }) => claims(service, host)) ?? owners[0]
  return {
    level: isOnlyAWarning(problem) ? 'warning' : 'error',
    at:
      owner === undefined
        ? undefined
        : placeOf(owner.service, host === undefined ? what : 'fairlead.host'),
    where,
    what,
    hint:
      host === undefined
        ? hint
        : `${hint}; whichever is there first has it, here by depends_on and name`,
  }
}

function isOnlyAWarning({ where, what }: Problem): boolean {
  return (
    where.startsWith('default service ') ||
    what.startsWith('its containers disagree ') ||
    what.startsWith('its name cannot be part of a host name')
  )
}

function claims(service: ComposeService, host: string | undefined): boolean {
  const label = labelNamed(service, 'host')
  return host !== undefined && (label?.value.toLowerCase().includes(host) ?? false)
}

/** The key that a message speaks of. */
function placeOf(service: ComposeService, message: string): Position {
  const key = /fairlead\.("(?:[^"\\]|\\.)*"|[\w.:/*-]+)/.exec(message)?.[1]
  const label = key === undefined ? undefined : labelNamed(service, plainName(key))
  if (label !== undefined) return label.at
  const attribute = /SERVICE_[A-Z_]+/.exec(message)?.[0]
  const named = attribute === undefined ? undefined : attributeNamed(service, attribute)
  if (named !== undefined) return named.at
  const keys = /\bnetworks?\b/.test(message)
    ? ['network_mode', 'networks', 'ports']
    : /\bports?\b/.test(message)
      ? ['ports', 'expose']
      : []
  const found = keys.map((each) => service.keys.get(each)).find((each) => each !== undefined)
  return found ?? service.at
}

/** `shownName` quotes what is no plain word. */
function plainName(name: string): string {
  return name.startsWith('"') ? (JSON.parse(name) as string) : name
}

/** The label of a routing key, in any of its forms. */
function labelNamed(service: ComposeService, key: string): Located | undefined {
  const forms = [...service.labels, ...service.environment]
  return forms.find(([name]) => routingKey(name) === key.replaceAll('.', '_'))?.[1]
}

/** With `_` for dots, as some forms have to write them. */
function routingKey(name: string): string | undefined {
  const match = /^(?:fairlead\.|SERVICE_(?:[+-]?\d+_)?fairlead_)(.+)$/is.exec(name)
  const key = match?.[1]?.toLowerCase().replaceAll('.', '_')
  return name.startsWith('SERVICE_') || /^fairlead\./i.test(name) ? key : undefined
}

function attributeNamed(service: ComposeService, attribute: string): Located | undefined {
  const wanted = attribute.replace(/^SERVICE_/, '').replace(/_$/, '')
  const forms = [...service.labels, ...service.environment]
  return forms.find(([name]) => name.replace(/^SERVICE_(\d+_)?/, '') === wanted)?.[1]
}

export function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>()
  for (const finding of findings) {
    const { at, where, what } = finding
    const key = `${at?.file}:${at?.line}:${at?.column} ${where} ${what}`
    if (!seen.has(key)) seen.set(key, finding)
  }
  return [...seen.values()]
}
