import * as v from 'valibot'

/* The shape of the catalogue in a file, which is that of Consul's own answers. */

const texts = v.record(v.string(), v.string())
const number = v.pipe(v.number(), v.integer())

const node = v.object({
  ID: v.nullish(v.string()),
  Node: v.string(),
  Address: v.string(),
  Datacenter: v.nullish(v.string()),
  TaggedAddresses: v.nullish(texts),
  Meta: v.nullish(texts),
})

const service = v.object({
  ID: v.string(),
  Service: v.string(),
  Tags: v.nullish(v.array(v.string())),
  Address: v.nullish(v.string()),
  TaggedAddresses: v.nullish(v.record(v.string(), v.object({ Address: v.string(), Port: number }))),
  Meta: v.nullish(texts),
  Port: v.nullish(number),
  Weights: v.nullish(v.object({ Passing: number, Warning: number })),
  EnableTagOverride: v.nullish(v.boolean()),
})

const check = v.object({
  Node: v.string(),
  CheckID: v.string(),
  Name: v.nullish(v.string()),
  Status: v.string(),
  Notes: v.nullish(v.string()),
  Output: v.nullish(v.string()),
  ServiceID: v.nullish(v.string()),
  ServiceName: v.nullish(v.string()),
  ServiceTags: v.nullish(v.array(v.string())),
  Type: v.nullish(v.string()),
})

const health = v.record(
  v.string(),
  v.array(v.object({ Node: node, Service: service, Checks: v.nullish(v.array(check)) })),
)

const pair = v.object({
  Key: v.string(),
  Value: v.nullish(v.string()),
  CreateIndex: v.nullish(number),
  ModifyIndex: v.nullish(number),
  LockIndex: v.nullish(number),
  Flags: v.nullish(number),
  Session: v.nullish(v.string()),
})

/** What stands under `consul`; every part may be absent. */
export const catalogueSchema = v.strictObject({
  datacenters: v.optional(v.array(v.string()), []),
  agent: v.optional(v.string(), ''),
  services: v.optional(health, {}),
  connect: v.optional(health, {}),
  nodes: v.optional(v.array(node), []),
  kv: v.optional(v.union([v.array(pair), texts]), []),
})

export type Catalogue = v.InferOutput<typeof catalogueSchema>
