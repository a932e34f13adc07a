import { resolve } from 'node:path'
import { shown } from '../routing/label-values.ts'
import { nearest } from '../support/nearest.ts'
import { parseDotenv } from './dotenv.ts'
import type { ComposeInput } from './input.ts'
import { serviceKeys } from './load.ts'
import { type ExposedPort, type PublishedPort, readExpose, readPorts } from './port-forms.ts'
import { entriesAt, textAt, textsAt, valueAt } from './tree.ts'
import type { Entry, Finding, Located, Mapping, Position } from './tree.ts'

/** A service of a Compose file, as far as routes depend on it. */
export type ComposeService = {
  /** Compose's name of it, the key under `services`. */
  readonly name: string
  /** Of that key. */
  readonly at: Position
  /** Places of its keys: `ports`, `networks`, … */
  readonly keys: ReadonlyMap<string, Position>
  readonly image: string
  readonly containerName: string | undefined
  readonly replicas: number
  readonly labels: ReadonlyMap<string, Located>
  readonly environment: ReadonlyMap<string, Located>
  readonly exposed: readonly ExposedPort[]
  readonly published: readonly PublishedPort[]
  readonly networkMode: Located | undefined
  /** As given, by their keys in the file; empty: the default network. */
  readonly networks: readonly (Located & { readonly priority: number })[]
  readonly dependsOn: readonly string[]
  readonly profiles: readonly string[]
  /** Labels under `deploy`. */
  readonly deployLabels: ReadonlyMap<string, Located>
}

export type ServiceContext = {
  readonly input: ComposeInput
  readonly projectName: string
  readonly folders: ReadonlyMap<string, string>
  readonly findings: Finding[]
}

/** Reads a merged service. What is wrong is named in the findings and left out. */
export function readService(
  name: string,
  { value, at }: Entry,
  context: ServiceContext,
): ComposeService {
  const node = value.kind === 'map' ? value : undefined
  const complain = (place: Position, what: string, hint = ''): void => {
    context.findings.push({ level: 'error', at: place, where: name, what, hint })
  }
  if (node !== undefined) {
    findMistypedKeys(node, complain)
    findWrongShapes(node, complain)
  }
  const deploy = valueAt(node, 'deploy')
  const mode = valueAt(node, 'network_mode')
  const networks = networksOf(node)
  if (mode?.kind === 'scalar' && networks.length > 0) {
    complain(mode.at, 'it has both network_mode and networks, which Compose refuses')
  }
  return {
    name,
    at,
    keys: new Map([...(node?.entries ?? [])].map(([key, entry]) => [key, entry.at])),
    image: textAt(node, 'image') ?? `${context.projectName}-${name}`,
    containerName: textAt(node, 'container_name'),
    replicas: replicasOf(node, complain),
    labels: new Map([
      ...fromFiles('label_file', node, context, complain),
      ...located(entriesAt(node, 'labels'), () => ''),
    ]),
    environment: new Map([
      ...fromFiles('env_file', node, context, complain),
      ...located(entriesAt(node, 'environment'), context.input.lookup),
    ]),
    exposed: exposedOf(node, complain),
    published: publishedOf(node, complain),
    networkMode: mode?.kind === 'scalar' ? { value: mode.text, at: mode.at } : undefined,
    networks,
    dependsOn: [...entriesAt(node, 'depends_on').keys()],
    profiles: textsAt(node, 'profiles').map(({ value }) => value),
    deployLabels: located(entriesAt(deploy, 'labels'), () => ''),
  }
}

type Complain = (place: Position, what: string, hint?: string) => void

/** Compose keys that look like one of `serviceKeys` and are another. */
const lookAlikes = [
  'links',
  'image',
  'build',
  'label_file',
  'env_file',
  'scale',
  'volumes',
  'sysctls',
]

/** A key that Compose does not know ends `docker compose up`; here those near a wanted one count. */
function findMistypedKeys(node: Mapping, complain: Complain): void {
  for (const [key, { at }] of node.entries) {
    if (serviceKeys.includes(key) || lookAlikes.includes(key) || key.startsWith('x-')) continue
    const meant = nearest(key, serviceKeys)
    if (meant === undefined || Math.abs(meant.length - key.length) > 1) continue
    complain(at, `Compose knows no key ${shown(key)} of a service`, `did you mean ${meant}?`)
  }
}

/** Values of another kind than Compose takes; they are not read. */
function findWrongShapes(node: Mapping, complain: Complain): void {
  for (const key of ['ports', 'expose', 'profiles']) {
    const found = valueAt(node, key)
    if (found !== undefined && found.kind !== 'list') complain(found.at, `${key} is no list`)
  }
  for (const key of ['labels', 'environment', 'networks']) {
    const found = valueAt(node, key)
    if (found === undefined) continue
    if (found.kind !== 'map') complain(found.at, `${key} is neither a mapping nor a list of texts`)
    if (found.kind !== 'map' || key === 'networks') continue
    for (const [name, { value, at }] of found.entries) {
      if (value.kind !== 'scalar') complain(at, `${shown(name)} in ${key} has more than one value`)
    }
  }
}

function located(
  entries: ReadonlyMap<string, Entry>,
  standard: (name: string) => string | undefined,
): ReadonlyMap<string, Located> {
  const found = new Map<string, Located>()
  for (const [name, { value, at }] of entries) {
    if (value.kind !== 'scalar') continue
    const text = value.isNull ? standard(name) : value.text
    if (text !== undefined) found.set(name, { value: text, at })
  }
  return found
}

/** `env_file`, `label_file`: a path, a list of them, or of `{path, required}`. */
function fromFiles(
  key: 'env_file' | 'label_file',
  node: Mapping | undefined,
  { input, folders }: ServiceContext,
  complain: Complain,
): ReadonlyMap<string, Located> {
  const given = valueAt(node, key)
  const items = given?.kind === 'list' ? given.items : given === undefined ? [] : [given]
  const found = new Map<string, Located>()
  for (const item of items) {
    const path = item.kind === 'scalar' ? item.text : (textAt(item, 'path') ?? '')
    const file = input.readFile(resolve(folders.get(item.at.file) ?? input.folder, path))
    if (file === undefined) {
      if (textAt(item, 'required') !== 'false') complain(item.at, `there is no ${key} ${path}`)
      continue
    }
    for (const [name, value] of parseDotenv(file.text, input.lookup)) {
      found.set(name, { value, at: item.at })
    }
  }
  return found
}

/** `scale`, else `deploy.replicas`, else one. */
function replicasOf(node: Mapping | undefined, complain: Complain): number {
  const deploy = valueAt(node, 'deploy')
  const given = valueAt(node, 'scale') ?? valueAt(deploy, 'replicas')
  if (given === undefined) return 1
  const text = given.kind === 'scalar' ? given.text : ''
  if (/^\d{1,9}$/.test(text)) return Number(text)
  complain(given.at, `${shown(text)} is not a number of containers`)
  return 1
}

function exposedOf(node: Mapping | undefined, complain: Complain): readonly ExposedPort[] {
  const found = new Map<string, ExposedPort>()
  for (const { value, at } of textsAt(node, 'expose')) {
    const ports = readExpose(value)
    if (ports === undefined) complain(at, `${shown(value)} is not a port to expose`)
    for (const each of ports ?? []) found.set(`${each.port}/${each.protocol}`, each)
  }
  return [...found.values()]
}

function publishedOf(node: Mapping | undefined, complain: Complain): readonly PublishedPort[] {
  const list = valueAt(node, 'ports')
  const found = new Map<string, PublishedPort>()
  for (const item of list?.kind === 'list' ? list.items : []) {
    const ports = readPorts(item)
    const text = item.kind === 'scalar' ? shown(item.text) : 'this'
    if (ports === undefined) complain(item.at, `${text} is not a port to publish`)
    for (const each of ports ?? []) {
      const { port, protocol, hostIp, host } = each
      found.set(`${hostIp} ${host?.first}-${host?.last} ${port}/${protocol}`, each)
    }
  }
  return [...found.values()]
}

function networksOf(node: Mapping | undefined): ComposeService['networks'] {
  return [...entriesAt(node, 'networks')].map(([value, entry]) => {
    const priority = Number(textAt(entry.value, 'priority') ?? 0)
    return { value, at: entry.at, priority: Number.isFinite(priority) ? priority : 0 }
  })
}
