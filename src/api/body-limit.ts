import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from './arrival.ts'
import { bodyLimitBytes } from './body.ts'
import { ApiError } from './failures.ts'

/**
 * Refuses bodies beyond the limit: by the length that is announced, or while reading one that comes
 * in pieces without saying how long it is. Hono's own would need a Request that is Node's.
 */
export const limitBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const { headers } = c.req.raw
  if (Number(headers.get('content-length') ?? 0) > bodyLimitBytes) throw tooLarge()
  const isAnnounced = headers.has('content-length') || ['GET', 'HEAD'].includes(c.req.method)
  if (!isAnnounced) {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of c.req.raw.body ?? []) {
      chunks.push(chunk as Uint8Array)
      bytes += (chunk as Uint8Array).length
      if (bytes > bodyLimitBytes) throw tooLarge()
    }
    // What has been read cannot be read again; this is where the request's readers look first.
    const whole = Promise.resolve(Uint8Array.from(Buffer.concat(chunks)).buffer)
    // Hono keeps promises here, whatever the type says.
    c.req.bodyCache.arrayBuffer = whole as unknown as ArrayBuffer
  }
  await next()
}

function tooLarge(): ApiError {
  return new ApiError('usage', `the body is larger than ${bodyLimitBytes} bytes`, { status: 413 })
}
