import type { Endpoint } from '../model/endpoint.ts'
import type { Placement } from '../routing/contract.ts'
import { shownName } from '../routing/label-values.ts'
import { readLabels } from '../routing/labels.ts'
import type { Assessed, Assessment, CheckSettings } from './assess.ts'
import { ownersByService } from './problems.ts'
import type { RoutedContainers, RouteReport } from './report.ts'

type Routed = Placement & { readonly isRouted: true }

/** Whether at least one of its containers gets requests. */
export function isRouted({ candidates }: Assessed, { result }: Assessment): boolean {
  return candidates.some(({ endpoints }) =>
    endpoints.some(({ id }) => result.placements.get(id)?.isRouted === true),
  )
}

/** What routing made of the containers, sorted by service. */
export function routeReports(
  assessment: Assessment,
  settings: CheckSettings,
): readonly RouteReport[] {
  const { services, result } = assessment
  const owners = ownersByService(services)
  return result.routes.map(({ service, hosts, isDefault, balance }) => {
    const containers = owners.get(shownName(service)) ?? []
    return {
      service,
      hosts,
      isDefault: isDefault && isDefaultSaid(service, containers, assessment, settings),
      balance,
      containers: containers.flatMap((each) => containersIn(service, each, assessment)),
    }
  })
}

/** Without a word about it the one that was first routed is it, which no file can tell. */
function isDefaultSaid(
  service: string,
  containers: readonly Assessed[],
  { result }: Assessment,
  { routing }: CheckSettings,
): boolean {
  if (result.routes.length === 1 || routing.defaultService === service) return true
  const endpoints = containers.flatMap(({ candidates }) =>
    candidates.flatMap((each) => each.endpoints),
  )
  return endpoints.some(
    (each) => each.service === service && readLabels(each.labels).service.default !== '',
  )
}

/** One entry a port; containers of one service are alike. */
function containersIn(
  service: string,
  assessed: Assessed,
  { result }: Assessment,
): readonly RoutedContainers[] {
  const found = new Map<number, RoutedContainers>()
  for (const endpoint of assessed.candidates.flatMap(({ endpoints }) => endpoints)) {
    const placement = result.placements.get(endpoint.id)
    if (endpoint.service !== service || placement?.isRouted !== true) continue
    if (found.has(endpoint.exposedPort)) continue
    found.set(endpoint.exposedPort, routedContainers(endpoint, placement, assessed))
  }
  return [...found.values()]
}

function routedContainers(
  endpoint: Endpoint,
  { weight }: Routed,
  { service, ports, reachedHow }: Assessed,
): RoutedContainers {
  const published = service.published.find(
    ({ port, protocol }) => port === endpoint.exposedPort && protocol === 'tcp',
  )
  const host = published?.host
  return {
    container: service.name,
    replicas: service.replicas,
    ...(ports === 'image' ? {} : { port: endpoint.exposedPort }),
    network: reachedHow === undefined ? 'published' : networkOf(reachedHow),
    ...(reachedHow === undefined && host !== undefined && host.first === host.last
      ? { publishedPort: host.first }
      : {}),
    weight,
  }
}

/** Discovery says `on network NAME` or `host network`. */
function networkOf(how: string): string {
  return how === 'host network' ? 'host' : how.replace(/^on network /, '')
}
