import { isIP } from 'node:net'
import { Hono } from 'hono'
import * as v from 'valibot'
import { check, readJson } from '../body.ts'
import type { DaemonControl, ServiceRegistration } from '../contract.ts'
import { ApiError } from '../failures.ts'
import type { ApiEnv } from '../arrival.ts'

/** The fields that are read; Consul has more, and its clients send them: those are let pass. */
const registrationSchema = v.object({
  ID: v.nullish(v.string()),
  Name: v.pipe(v.string(), v.nonEmpty('a service needs a name')),
  Address: v.nullish(
    v.pipe(
      v.string(),
      v.check((text) => text === '' || isIP(text) !== 0, 'an IP address is needed, not a name'),
    ),
  ),
  Port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  Tags: v.nullish(v.array(v.string())),
  Meta: v.nullish(v.record(v.string(), v.string())),
  Weights: v.nullish(
    v.object({
      Passing: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
      Warning: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
    }),
  ),
  Check: v.optional(v.unknown()),
  Checks: v.optional(v.unknown()),
})

type Given = Partial<v.InferOutput<typeof registrationSchema>>

const fieldNames = new Map(
  Object.keys(registrationSchema.entries).map((name) => [name.toLowerCase(), name]),
)

/**
 * Consul's agent calls to register what is not a container. Errors are plain text, as Consul's.
 * Source: https://developer.hashicorp.com/consul/api-docs/agent/service
 */
export function consulRoutes(
  control: Pick<DaemonControl, 'register' | 'deregister' | 'setMaintenance'>,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>()
  routes.put('/v1/agent/service/register', async (c) => {
    await control.register(registrationOf(await readJson(c)))
    return c.body(null, 200)
  })
  // Ids hold colons and slashes; Consul takes the rest of the path for the id, encoded or not.
  routes.put('/v1/agent/service/deregister/:id{.+}', async (c) => {
    await control.deregister(c.req.param('id'))
    return c.body(null, 200)
  })
  routes.put('/v1/agent/service/maintenance/:id{.+}', async (c) => {
    const isEnabled = readFlag(c.req.query('enable'))
    await control.setMaintenance(c.req.param('id'), isEnabled, c.req.query('reason') ?? '')
    return c.body(null, 200)
  })
  return routes
}

function registrationOf(body: unknown): ServiceRegistration {
  const given = check(registrationSchema, withKnownCase(body))
  refuseChecks(given)
  const { ID, Name, Address, Port, Tags, Meta, Weights } = given
  return {
    Name,
    Port,
    ...(ID ? { ID } : {}),
    ...(Address ? { Address } : {}),
    ...(Tags ? { Tags } : {}),
    ...(Meta ? { Meta } : {}),
    ...(Weights
      ? {
          Weights: {
            Passing: Weights.Passing ?? undefined,
            Warning: Weights.Warning ?? undefined,
          },
        }
      : {}),
  }
}

/** Consul reads field names without regard to case. */
function withKnownCase(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [fieldNames.get(key.toLowerCase()) ?? key, value]),
  )
}

/**
 * Who registers a check relies on it: traffic to an endpoint that nobody checks would be the worse
 * surprise, so it is refused.
 */
function refuseChecks({ Check, Checks }: Given): void {
  if (!isFilled(Check) && !isFilled(Checks)) return
  throw new ApiError('usage', 'Check and Checks are not supported yet', {
    hint: 'register without them; Meta {"fairlead_check": "/PATH"} has HAProxy check that path',
  })
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

/** As Go's strconv.ParseBool, which Consul reads it with. */
function readFlag(text: string | undefined): boolean {
  if (text === undefined || text === '') throw new ApiError('usage', 'Missing value for enable')
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new ApiError('usage', `Invalid value for enable: ${JSON.stringify(text)}`)
}
