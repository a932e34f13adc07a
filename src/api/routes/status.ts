import { Hono } from 'hono'
import type { DaemonControl } from '../contract.ts'
import { ApiError } from '../failures.ts'
import type { ApiEnv } from '../arrival.ts'

/** `GET /api/status`, `/api/cluster` and `/api/explain?subject=`: what is, and why. */
export function statusRoutes(
  control: Pick<DaemonControl, 'status' | 'cluster' | 'explain'>,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.get('/api/status', async (c) => c.json(await control.status()))
  routes.get('/api/cluster', async (c) => c.json(await control.cluster()))
  routes.get('/api/explain', async (c) => {
    const subject = c.req.query('subject') ?? ''
    if (subject === '') {
      throw new ApiError('usage', 'explain needs a subject', {
        hint: 'ask for /api/explain?subject=CONTAINER, SERVICE or URL',
      })
    }
    return c.json(await control.explain(subject))
  })
  return routes
}
