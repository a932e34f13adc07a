import type { Answer, Consul, RequestOptions } from '../consul/contract.ts'

/** The service that every load balancer registers itself as. It is never routed. */
export const clusterService = 'fairlead'

/**
 * The same Consul, with the load balancers' own service left out of the list of all services: a
 * template that goes through all of them must not send requests back to where they came from.
 * A template that names the service gets it.
 */
export function withoutOwnService(consul: Consul): Consul {
  return {
    get: async <T>(path: string, options?: RequestOptions): Promise<Answer<T>> => {
      const answer = await consul.get<T>(path, options)
      const isList = path === '/v1/catalog/services'
      return isList ? { ...answer, value: withoutKey(answer.value) } : answer
    },
    put: (path, body, options) => consul.put(path, body, options),
    delete: (path, options) => consul.delete(path, options),
    close: () => consul.close(),
  }
}

function withoutKey<T>(services: T): T {
  if (typeof services !== 'object' || services === null || Array.isArray(services)) return services
  const others = Object.entries(services).filter(([name]) => name !== clusterService)
  return Object.fromEntries(others) as T
}
