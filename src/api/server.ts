import { Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { FairleadError } from '../model/errors.ts'
import type { ApiEnv } from './arrival.ts'
import { limitBody } from './body-limit.ts'
import type { DaemonControl } from './contract.ts'
import { answerError, ApiError } from './failures.ts'
import { guard, isLoopbackAddress, type GuardOptions } from './guard.ts'
import { listen, type ListenAddress, type Listener } from './listen.ts'
import { Metrics } from './metrics.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { historyRoutes } from './routes/history.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { operatorRoutes } from './routes/operator.ts'
import { statusRoutes } from './routes/status.ts'

export type ApiOptions = GuardOptions & {
  readonly control: DaemonControl
  /** Fairlead's own version. */
  readonly version: string
  /** Told of errors that no one meant to throw; they are answered with 500. */
  readonly onDefect: (error: unknown) => void
  /** Of one listener at once; `defaultMostConnections` by default. */
  readonly mostConnections?: number
  /** Whether the API may be asked at this address of its own; everywhere without. */
  readonly admits?: (localAddress: string) => boolean
  /** What answers under `/v1/`: Consul's HTTP API. */
  readonly consulApi?: Hono<{ Bindings: Pick<ApiEnv['Bindings'], 'hold'> }>
  /** Between two comments on a silent event stream; 15 s by default. */
  readonly keepAliveMs?: number
}

/**
 * The admin API as a Hono app. Each request needs `{arrival}` as its environment, and is refused
 * without. Event streams and the counting of changes end when the signal aborts.
 */
export function createApi(options: ApiOptions, signal: AbortSignal): Hono<ApiEnv> {
  const { control, onDefect, keepAliveMs = 15_000 } = options
  const metrics = new Metrics(options.version)
  metrics.follow(control, signal).catch(onDefect)

  const app = new Hono<ApiEnv>()
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store')
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    await next()
  })
  app.use(guard(options))
  app.use(limitBody)
  app.use(methodNotAllowed({ app, onMethodNotAllowed: answerMethod }))
  app.route('/', statusRoutes(control))
  app.route('/', operatorRoutes(control))
  app.route('/', historyRoutes(control))
  app.route('/', eventRoutes(control, { signal, keepAliveMs }))
  app.route('/', healthRoutes(control))
  app.route('/', metricsRoutes(control, metrics))
  if (options.consulApi !== undefined) app.route('/', options.consulApi)
  app.notFound((c) => answerError(c, new ApiError('not_found', `no such path: ${c.req.path}`)))
  app.onError((error, c) => {
    if (!(error instanceof FairleadError)) onDefect(error)
    return answerError(c, error)
  })
  return app
}

const answerMethod: NonNullable<
  Parameters<typeof methodNotAllowed<ApiEnv>>[0]['onMethodNotAllowed']
> = (c, methods) => {
  c.header('Allow', methods.join(', '))
  // Word for word as Consul says it.
  if (c.req.path.startsWith('/v1/')) return c.text(`method ${c.req.method} not allowed`, 405)
  const what = `${c.req.method} is not for ${c.req.path}; ${methods.join(', ')} is`
  return answerError(c, new ApiError('usage', what, { status: 405 }))
}

export type ServedApi = {
  /** As given, with the real ports; in the order given. */
  readonly addresses: readonly ListenAddress[]
  /** Ends event streams at once, waits up to two seconds for other requests. May be called twice. */
  close(): Promise<void>
}

const closeGraceMs = 2_000

/**
 * Serves the admin API on all the addresses, or on none.
 * Throws `setting_invalid` for an address beyond loopback without a token, `address_in_use` and
 * `address_unavailable`.
 */
export async function serveApi(
  options: ApiOptions & { readonly listen: readonly ListenAddress[] },
): Promise<ServedApi> {
  for (const address of options.listen) requireToken(address, options.token)
  const ending = new AbortController()
  const app = createApi(options, ending.signal)
  const listeners: Listener[] = []
  const closeAll = async (): Promise<void> => {
    ending.abort()
    await Promise.all(listeners.map((listener) => listener.close(closeGraceMs)))
  }
  try {
    for (const address of options.listen)
      listeners.push(
        await listen(app.fetch, address, options.onDefect, options.mostConnections, options.admits),
      )
  } catch (error) {
    await closeAll()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    addresses: listeners.map((listener) => listener.address),
    close: () => (closing ??= closeAll()),
  }
}

function requireToken(address: ListenAddress, token: string | undefined): void {
  if (address.kind === 'unix' || isLoopbackAddress(address.host) || token !== undefined) return
  const what = `the admin API on ${address.host} can be reached by other machines, and has no token`
  throw new ApiError('setting_invalid', what, {
    hint: 'set admin-token-file, or listen on 127.0.0.1',
  })
}
