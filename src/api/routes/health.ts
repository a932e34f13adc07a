import { Hono } from 'hono'
import type { DaemonControl, StatusReport } from '../contract.ts'
import type { ApiEnv } from '../arrival.ts'

/** Body of `GET /readyz`. */
export type ReadinessReport = {
  readonly isReady: boolean
  /** What is still waited for; empty when ready. */
  readonly missing: readonly string[]
}

/** `GET /healthz`: the process answers. `GET /readyz`: the state is known and applied, else 503. */
export function healthRoutes(control: Pick<DaemonControl, 'status' | 'isReady'>): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.get('/healthz', (c) => c.json({ status: 'ok' }))
  routes.get('/readyz', async (c) => {
    if (control.isReady()) return c.json({ isReady: true, missing: [] } satisfies ReadinessReport)
    const missing = whatIsMissing(await control.status())
    return c.json({ isReady: false, missing } satisfies ReadinessReport, 503)
  })
  return routes
}

function whatIsMissing(status: StatusReport): string[] {
  const missing = status.sources
    .filter((source) => source.state !== 'connected')
    .map(({ source, state, error }) => `${source} is ${state}${error === '' ? '' : `: ${error}`}`)
  if (status.haproxy.state !== 'running') missing.push(`HAProxy is ${status.haproxy.state}`)
  if (!status.isApplied) missing.push('the desired state is not applied yet')
  return missing.length === 0 ? ['the first desired state is being made'] : missing
}
