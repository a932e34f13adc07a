import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { errorCodes, FairleadError, messageOf, type ErrorCode } from '../model/errors.ts'
import type { ApiEnv } from './arrival.ts'

/** A request that the API itself refuses; `status` where HTTP has a finer one than the code's. */
export class ApiError extends FairleadError {
  readonly status: number

  constructor(code: ErrorCode, message: string, options: { hint?: string; status?: number } = {}) {
    super(code, message, options)
    this.status = options.status ?? errorCodes[code].http
  }
}

/**
 * The answer to an error: `{error: {code, message, hint}}` with its own status or that of its code;
 * under `/v1/`, where Consul's clients ask, plain text as Consul gives it.
 */
export function answerError(c: Context<ApiEnv>, error: unknown): Response {
  const code = error instanceof FairleadError ? error.code : 'internal'
  const status = ownStatus(error) ?? errorCodes[code].http
  const message = messageOf(error)
  const hint = error instanceof FairleadError ? error.hint : ''
  if (code === 'unauthorized') c.header('WWW-Authenticate', 'Bearer realm="fairlead"')
  if (c.req.path.startsWith('/v1/')) {
    return c.text(hint === '' ? message : `${message}: ${hint}`, status as ContentfulStatusCode)
  }
  return c.json({ error: { code, message, hint } }, status as ContentfulStatusCode)
}

function ownStatus(error: unknown): number | undefined {
  if (!(error instanceof FairleadError) || !('status' in error)) return undefined
  return typeof error.status === 'number' ? error.status : undefined
}
