import type { Answer, Consul, RequestOptions } from '../../consul/contract.ts'

/**
 * Consul with `?stale` on each read, so that any server may answer, the nearest soonest. Where that
 * one heard of the leader too long ago, the leader itself is asked (manual: Consistency Modes).
 * `mostStaleMs` 0: only the leader's word counts.
 */
export function freshConsul(consul: Consul, mostStaleMs: number): Consul {
  return {
    async get<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
      const { stale: _, ...query } = options.query ?? {}
      const current = { ...options, query }
      if (mostStaleMs <= 0) return consul.get<T>(path, current)
      const answer = await consul.get<T>(path, { ...options, query: { ...query, stale: true } })
      const isCurrent = answer.isLeaderKnown && answer.lastContactMs <= mostStaleMs
      return isCurrent ? answer : consul.get<T>(path, current)
    },
    put: <T>(path: string, body?: unknown, options?: RequestOptions) =>
      consul.put<T>(path, body, options),
    delete: <T>(path: string, options?: RequestOptions) => consul.delete<T>(path, options),
    close: () => consul.close(),
  }
}
