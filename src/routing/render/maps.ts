import type { RoutedService } from '../routed-service.ts'

/** The map files in their folder. */
export function mapPaths(folder: string): { readonly hosts: string; readonly fallback: string } {
  return { hosts: `${folder}/hosts.map`, fallback: `${folder}/default.map` }
}

/** Host name → backend, one a line. Host names and backend names need no quoting in a map file. */
export function renderHostMap(holders: ReadonlyMap<string, RoutedService>): string {
  const lines: string[] = []
  for (const [host, service] of holders) lines.push(`${host} ${service.backend}\n`)
  return lines.join('')
}

/** One entry, `default` → the backend for requests that no host rule matches; or none. */
export function renderDefaultMap(service: RoutedService | undefined): string {
  return service === undefined ? '' : `default ${service.backend}\n`
}
