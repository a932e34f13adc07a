import { Hono } from 'hono'
import * as v from 'valibot'
import { check, readJson } from '../body.ts'
import type { DaemonControl } from '../contract.ts'
import type { ApiEnv } from '../arrival.ts'

const wordSchema = v.pipe(
  v.strictObject({
    state: v.optional(v.picklist(['drain', 'maint', 'ready'])),
    weight: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(256)))),
  }),
  v.check(
    (word) => word.state !== undefined || word.weight !== undefined,
    'give a state, a weight, or both',
  ),
)

const confirmSchema = v.strictObject({ service: v.optional(v.string()) })

/** `POST /api/words/ENDPOINT`, `/api/confirm` and `/api/down`: what an operator asks for. */
export function operatorRoutes(
  control: Pick<DaemonControl, 'setWord' | 'confirm' | 'down'>,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  // Endpoint ids may hold slashes, as service ids do.
  routes.post('/api/words/:endpoint{.+}', async (c) => {
    const { state, weight } = check(wordSchema, await readJson(c))
    await control.setWord(c.req.param('endpoint'), {
      ...(state === undefined ? {} : { state }),
      ...(weight === undefined ? {} : { weight }),
    })
    return c.json({ ok: true })
  })
  routes.post('/api/confirm', async (c) => {
    const { service } = check(confirmSchema, await readJson(c))
    return c.json({ endpoints: await control.confirm(service) })
  })
  routes.post('/api/down', async (c) => {
    await control.down()
    return c.json({ ok: true }, 202)
  })
  return routes
}
