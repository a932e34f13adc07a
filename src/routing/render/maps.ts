import { backendName } from '../backend-name.ts'
import type { RoutedService } from '../routed-service.ts'

/** The map files in their folder. */
export function mapPaths(folder: string): {
  readonly hosts: string
  readonly fallback: string
  readonly checks: string
  readonly checkHosts: string
} {
  return {
    hosts: `${folder}/hosts.map`,
    fallback: `${folder}/default.map`,
    checks: `${folder}/checks.map`,
    checkHosts: `${folder}/check-hosts.map`,
  }
}

const cache = new WeakMap<ReadonlyMap<string, string>, string>()

/**
 * Host name → backend, one a line, from host name → service. Host names and backend names need no
 * quoting in a map file.
 */
export function renderHostMap(holders: ReadonlyMap<string, string>): string {
  let text = cache.get(holders)
  if (text === undefined) {
    text = [...holders].map(([host, service]) => `${host} ${backendName(service)}\n`).join('')
    cache.set(holders, text)
  }
  return text
}

/** One entry, `default` → the backend for requests that no host rule matches; or none. */
export function renderDefaultMap(service: RoutedService | undefined): string {
  return service === undefined ? '' : `default ${service.backend}\n`
}

/**
 * Backend → the path that its servers are checked with, and backend → the Host that is said then;
 * one a line. `hosts`: by service name.
 */
export function renderCheckMaps(
  services: readonly RoutedService[],
  hosts: ReadonlyMap<string, readonly string[]>,
): { readonly checks: string; readonly checkHosts: string } {
  const checked = services.filter(({ labels }) => labels.check !== '')
  const hostOf = (service: RoutedService): string =>
    checkHost(service, hosts.get(service.name) ?? [])
  return {
    checks: checked.map(({ backend, labels }) => `${backend} ${labels.check}\n`).join(''),
    checkHosts: checked.map((each) => `${each.backend} ${hostOf(each)}\n`).join(''),
  }
}

/**
 * The Host of a check: the first of the labelled names, since servers may refuse names that they do
 * not know; else any it holds. HTTP/1.1 wants one; a service without a name says its own.
 */
function checkHost({ labels, backend }: RoutedService, hosts: readonly string[]): string {
  const names = [...labels.host.split(','), ...hosts]
  return names.find((host) => host !== '' && !host.startsWith('*')) ?? backend
}
