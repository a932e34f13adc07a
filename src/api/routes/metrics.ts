import { Hono } from 'hono'
import type { ApiEnv } from '../arrival.ts'
import type { DaemonControl } from '../contract.ts'
import type { Metrics } from '../metrics.ts'

/** `GET /metrics`, for Prometheus. Answers without HAProxy too, and says that it is down. */
export function metricsRoutes(
  control: Pick<DaemonControl, 'status' | 'statistics'>,
  metrics: Metrics,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.get('/metrics', async (c) => {
    const [status, statistics] = await Promise.all([
      control.status(),
      // The failure is told by `fairlead_haproxy_up 0`.
      control.statistics().catch(() => undefined),
    ])
    c.header('Content-Type', metrics.contentType)
    return c.body(await metrics.render(status, statistics))
  })
  return routes
}
