import type { FaultProxy } from './fault-proxy.ts'

/** Requests in order, each by its path without the query. */
export type RequestsForNews = { readonly paths: readonly string[] }

/**
 * Notes the requests of a proxy but for those that only begin a wait anew: their answer came when its
 * `wait` was over, so that it brought nothing. When that happens is a matter of the machine's pace.
 * Waits that began before are not known: to be called before the first request.
 */
export function noteRequestsForNews(proxy: FaultProxy): RequestsForNews {
  const paths: string[] = []
  const overdue = new Set<string>()
  proxy.observe(({ path }) => {
    const url = new URL(path, proxy.url)
    const waitMs = Number.parseInt(url.searchParams.get('wait') ?? '', 10)
    for (const name of ['index', 'wait']) url.searchParams.delete(name)
    if (!overdue.delete(url.href)) paths.push(url.pathname)
    const beganAtMs = performance.now()
    return () => {
      if (performance.now() - beganAtMs >= waitMs) overdue.add(url.href)
    }
  })
  return { paths }
}
