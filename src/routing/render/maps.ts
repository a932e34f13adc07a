import { backendName } from '../backend-name.ts'
import type { RoutedService } from '../routed-service.ts'

/** The map files in their folder. */
export function mapPaths(folder: string): { readonly hosts: string; readonly fallback: string } {
  return { hosts: `${folder}/hosts.map`, fallback: `${folder}/default.map` }
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
