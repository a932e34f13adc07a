import { Hono } from 'hono'
import * as v from 'valibot'
import type { ApiEnv } from '../arrival.ts'
import { check, readJson } from '../body.ts'
import type { DaemonControl } from '../contract.ts'
import { ApiError } from '../failures.ts'

const rollbackSchema = v.strictObject({
  generation: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
})
const nothingSchema = v.strictObject({})

const standardMost = 20
const mostMost = 10_000

type History = Pick<DaemonControl, 'history' | 'generation' | 'diff' | 'rollback' | 'unpin'>

/**
 * `GET /api/history`, `/api/history/GENERATION` and `/api/diff`: what was done; `POST /api/rollback`
 * and `/api/unpin`.
 */
export function historyRoutes(control: History): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.get('/api/history', async (c) => {
    const most = numberOf('most', c.req.query('most')) ?? standardMost
    const before = numberOf('before', c.req.query('before'))
    return c.json(await control.history(Math.min(most, mostMost), before))
  })
  routes.get('/api/history/:generation', async (c) =>
    c.json(await control.generation(required('generation', c.req.param('generation')))),
  )
  routes.get('/api/diff', async (c) => {
    const from = required('from', c.req.query('from'))
    const to = numberOf('to', c.req.query('to'))
    return c.json(await control.diff(from, to, c.req.query('text') === '1'))
  })
  routes.post('/api/rollback', async (c) => {
    const { generation } = check(rollbackSchema, await readJson(c))
    return c.json(await control.rollback(generation))
  })
  routes.post('/api/unpin', async (c) => {
    check(nothingSchema, await readJson(c))
    return c.json(await control.unpin())
  })
  return routes
}

function required(name: string, text: string | undefined): number {
  const number = numberOf(name, text)
  if (number === undefined) throw new ApiError('usage', `${name} is missing: a generation's number`)
  return number
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new ApiError('usage', `${name} must be a whole number from 1`)
}
