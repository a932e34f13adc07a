import { Hono } from 'hono'
import type { ApiEnv } from '../arrival.ts'
import type { DaemonControl } from '../contract.ts'
import type { Metrics } from '../metrics.ts'

/** `GET /metrics`, for Prometheus. Answers without HAProxy too, and says that it is down. */
export function metricsRoutes(
  control: Pick<DaemonControl, 'status' | 'cluster' | 'statistics'>,
  metrics: Metrics,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.get('/metrics', async (c) => {
    const [status, cluster, statistics] = await Promise.all([
      control.status(),
      // A scrape asks Consul for nothing.
      control.cluster(true),
      // The failure is told by `fairlead_haproxy_up 0`.
      control.statistics().catch(() => undefined),
    ])
    c.header('Content-Type', metrics.contentType)
    return c.body(await metrics.render(status, cluster, statistics))
  })
  return routes
}
