import type {
  Dependency,
  FileDependency,
  HealthDependency,
  HealthFilter,
  KeyDependency,
  KeysDependency,
  NodeDependency,
  NodesDependency,
  QueryScope,
  ServicesDependency,
} from '../dependency.ts'
import { callFailure } from '../go/failure.ts'
import { quote } from '../go/quote.ts'

/*
 * The little languages in which templates name what they want, such as
 * `tag.name?ns=a@dc~near|passing,warning`. What does not fit is a TemplateError
 * (`template_failed`) in consul-template's words.
 */

type Named<D> = { readonly name: string } & D

const scopePart = String.raw`(?:\?(?<query>[\w\-=&]+))?`
const datacenterPart = String.raw`(?:@(?<datacenter>[\w.\-]+))?`
const nearPart = String.raw`(?:~(?<near>[\w.\-]+))?`
const pathPart = String.raw`/?(?<path>[^@?]+)`

const grammars = {
  health: new RegExp(
    String.raw`^(?:(?<tag>[\w=:.\-]+)\.)?(?<service>[\w\-]+)${scopePart}${datacenterPart}${nearPart}(?:\|(?<filter>[\w,]+))?$`,
  ),
  services: new RegExp(`^${scopePart}${datacenterPart}$`),
  nodes: new RegExp(`^${scopePart}${datacenterPart}${nearPart}$`),
  node: new RegExp(String.raw`^(?<node>[\w.\-]+)${scopePart}${datacenterPart}$`),
  path: new RegExp(`^${pathPart}${scopePart}${datacenterPart}$`),
} as const

type Parts = Readonly<Record<string, string | undefined>>

function partsOf(grammar: RegExp, label: string, text: string): Parts {
  const groups = grammar.exec(text)?.groups
  if (groups === undefined) throw callFailure(`${label}: invalid format: ${quote(text)}`)
  return groups
}

const scopeKeys = ['ns', 'peer', 'partition', 'sameness-group']

/** `ns=a&partition=b`; of a key that is given twice the first counts. */
function scopeOf({ query = '' }: Parts, label: string): QueryScope {
  const parameters = new URLSearchParams(query)
  const unknown = [...parameters.keys()].find((key) => !scopeKeys.includes(key))
  if (unknown !== undefined) {
    throw callFailure(
      `${label}: invalid query parameter key ${quote(unknown)} in query ${quote(query)}: ` +
        `supported keys: ${scopeKeys.join(',')}`,
    )
  }
  const [namespace, peer, partition, samenessGroup] = scopeKeys.map((key) => parameters.get(key))
  return {
    ...(namespace && { namespace }),
    ...(partition && { partition }),
    ...(peer && { peer }),
    ...(samenessGroup && { samenessGroup }),
  }
}

/** A scope as it stands in a canonical name, which is how it is written in a query. */
function scopeText({ namespace, partition, peer, samenessGroup }: QueryScope): string {
  const values = [namespace, peer, partition, samenessGroup]
  const given = scopeKeys.flatMap((key, at) => (values[at] ? [`${key}=${values[at]}`] : []))
  return given.length === 0 ? '' : `?${given.join('&')}`
}

const after = (sign: string, part: string): string => (part === '' ? '' : sign + part)

/** `catalog.services`, or with what narrows it `catalog.services(@dc1)`. */
const named = (kind: string, inside: string): string =>
  inside === '' ? kind : `${kind}(${inside})`

/** Where a query asks: its datacenter and scope, and both as they stand in a canonical name. */
function placeOf(parts: Parts, label: string) {
  const { datacenter = '' } = parts
  const scope = scopeOf(parts, label)
  return { place: { datacenter, scope }, placeText: scopeText(scope) + after('@', datacenter) }
}

const filters: readonly string[] = ['any', 'passing', 'warning', 'critical', 'maintenance']

const isFilter = (word: string): word is HealthFilter => filters.includes(word)

function filtersOf({ filter }: Parts, text: string): readonly HealthFilter[] {
  const words = (filter ?? 'passing').split(',').filter((word) => word !== '')
  const chosen = words.map((word) => {
    if (isFilter(word)) return word
    throw callFailure(`health.service: invalid filter: ${quote(word)} in ${quote(text)}`)
  })
  // Nothing but commas accepts no status at all in consul-template; here it is no filter.
  return chosen.length === 0 ? ['passing'] : [...new Set(chosen)].toSorted()
}

/** `[TAG.]NAME[?SCOPE][@DATACENTER][~NEAR][|FILTER,…]` */
export function parseHealthQuery(
  kind: HealthDependency['kind'],
  text: string,
): Named<HealthDependency> {
  const label = 'health.service'
  const parts = partsOf(grammars.health, label, text)
  const { tag = '', service = '', near = '' } = parts
  const chosen = filtersOf(parts, text)
  const { place, placeText } = placeOf(parts, label)
  const whole = `${tag === '' ? '' : `${tag}.`}${service}${placeText}${after('~', near)}`
  return {
    kind,
    name: `${kind}(${whole}|${chosen.join(',')})`,
    service,
    tag,
    near,
    filters: chosen,
    ...place,
  }
}

/** `[?SCOPE][@DATACENTER]` */
export function parseServicesQuery(text: string): Named<ServicesDependency> {
  const kind = 'catalog.services'
  const { place, placeText } = placeOf(partsOf(grammars.services, kind, text), kind)
  return { kind, name: named(kind, placeText), ...place }
}

/** `[?SCOPE][@DATACENTER][~NEAR]` */
export function parseNodesQuery(text: string): Named<NodesDependency> {
  const kind = 'catalog.nodes'
  const parts = partsOf(grammars.nodes, kind, text)
  const { near = '' } = parts
  const { place, placeText } = placeOf(parts, kind)
  return { kind, name: named(kind, placeText + after('~', near)), near, ...place }
}

/** `NAME[?SCOPE][@DATACENTER]`; empty: the agent's own node. */
export function parseNodeQuery(text: string): Named<NodeDependency> {
  const kind = 'catalog.node'
  const parts = text === '' ? {} : partsOf(grammars.node, kind, text)
  const { node = '' } = parts
  const { place, placeText } = placeOf(parts, kind)
  return { kind, name: named(kind, node + placeText), node, ...place }
}

/** `[/]PATH[?SCOPE][@DATACENTER]`; `kind` says whether the key must be there. */
export function parseKeyQuery<Kind extends 'kv.block' | 'kv.get'>(
  kind: Kind,
  text: string,
): Named<KeyDependency & { readonly kind: Kind }> {
  const parts = partsOf(grammars.path, 'kv.get', text)
  const { path = '' } = parts
  const { place, placeText } = placeOf(parts, 'kv.get')
  return { kind, name: `${kind}(${path}${placeText})`, key: path, ...place }
}

/** `[/]PREFIX[?SCOPE][@DATACENTER]` */
export function parseKeysQuery(text: string): Named<KeysDependency> {
  const kind = 'kv.list'
  const parts = partsOf(grammars.path, kind, text)
  const { path = '' } = parts
  const { place, placeText } = placeOf(parts, kind)
  return { kind, name: `${kind}(${path}${placeText})`, prefix: path, ...place }
}

/** The datacenters there are, or only those that answer. */
export function datacentersDependency(
  isAnswering: boolean,
): Dependency & { readonly kind: 'catalog.datacenters' } {
  const kind = 'catalog.datacenters'
  return { kind, name: named(kind, isAnswering ? 'answering' : ''), isAnswering }
}

/** A file; `path` is where it is, `text` how the template names it. */
export function fileDependency(text: string, path: string): Named<FileDependency> {
  return { kind: 'file', name: `file(${text})`, path }
}
