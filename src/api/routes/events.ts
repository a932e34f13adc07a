import { Hono } from 'hono'
import type { DaemonControl } from '../contract.ts'
import { eventFrame, eventStream } from '../event-stream.ts'
import { ApiError } from '../failures.ts'
import { followChanges } from '../follow.ts'
import type { ApiEnv } from '../arrival.ts'

type Changes = Pick<DaemonControl, 'recentChanges' | 'changes'>

/**
 * `GET /api/events`: server-sent events, `change` with a ChangeReport and its id, `lagged` with
 * `{missed}` where changes were lost to this reader. `?recent=N` or Last-Event-ID: those before
 * come first. The streams end when the signal aborts.
 */
export function eventRoutes(
  control: Changes,
  options: { readonly signal: AbortSignal; readonly keepAliveMs: number },
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.get('/api/events', (c) => {
    const afterId = startOf(control, c.req.query('recent'), c.req.header('last-event-id'))
    c.header('Content-Type', 'text/event-stream; charset=utf-8')
    // nginx and the like hold back what they think they may buffer.
    c.header('X-Accel-Buffering', 'no')
    // A body that is never read would never be cancelled.
    if (c.req.raw.method === 'HEAD') return c.body(null, 200)
    const frames = (signal: AbortSignal): AsyncIterable<string> =>
      changeFrames(control, afterId, signal)
    return c.body(eventStream(frames, options.signal, options.keepAliveMs))
  })
  return routes
}

async function* changeFrames(
  control: Changes,
  afterId: number,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  // Sends the headers on their way, and has browsers come back after two seconds.
  yield 'retry: 2000\n\n'
  for await (const followed of followChanges(control, afterId, signal)) {
    if (followed.kind === 'lagged') {
      yield eventFrame('lagged', JSON.stringify({ missed: followed.missed }))
    } else {
      yield eventFrame('change', JSON.stringify(followed.change), followed.change.id)
    }
  }
}

/** The id after which the stream begins. */
function startOf(
  control: Changes,
  recent: string | undefined,
  lastEventId: string | undefined,
): number {
  const kept = control.recentChanges()
  const newestId = kept.at(-1)?.id ?? 0
  if (lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId)) {
    // An id from the future is one of an earlier run of fairlead: all that is kept is new.
    return Number(lastEventId) <= newestId ? Number(lastEventId) : (kept[0]?.id ?? 1) - 1
  }
  if (recent === undefined) return newestId
  if (!/^\d{1,9}$/.test(recent)) throw new ApiError('usage', 'recent must be a whole number')
  return Math.max(newestId - Number(recent), (kept[0]?.id ?? 1) - 1)
}
