import type { Context } from 'hono'
import * as v from 'valibot'
import { messageOf } from '../model/errors.ts'
import { ApiError } from './failures.ts'
import type { ApiEnv } from './arrival.ts'

export const bodyLimitBytes = 1024 * 1024

/** The request's JSON body. Throws ApiError `usage` for what is not JSON. */
export async function readJson(c: Context<ApiEnv>): Promise<unknown> {
  const text = await c.req.text()
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ApiError('usage', `the body is not JSON: ${messageOf(error)}`)
  }
}

/** A value checked against a schema. Throws ApiError `usage` that names the first wrong field. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  throw new ApiError('usage', path === null ? issue.message : `${path}: ${issue.message}`)
}
