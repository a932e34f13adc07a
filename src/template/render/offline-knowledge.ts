import * as v from 'valibot'
import { FairleadError } from '../../model/errors.ts'
import type { Knowledge } from '../contract.ts'
import { valueOfJson } from '../go/values.ts'
import type { Value } from '../go/values.ts'
import { knowledgeOf } from './catalogue-knowledge.ts'
import { catalogueSchema } from './catalogue-schema.ts'

/** Data to render with that does not have the shape it must have (`usage`). */
export class OfflineDataError extends FairleadError {
  constructor(message: string) {
    super('usage', message, {
      hint: 'under "consul" stand Consul\'s answers as its HTTP API gives them',
    })
  }
}

/**
 * What a JSON file gives to render a template with, in place of a Consul agent. `dot` is the whole
 * JSON value, for templates that want no more than `{{.name}}`. The key `consul` holds a catalogue,
 * in the shape of Consul's answers, so that what curl prints can be pasted; each part may be absent:
 *
 *     {
 *       "name": "anything",
 *       "consul": {
 *         "services": { "web": <GET /v1/health/service/web> },
 *         "connect": { "web": <GET /v1/health/connect/web> },
 *         "nodes": <GET /v1/catalog/nodes>,
 *         "kv": <GET /v1/kv/?recurse>, or { "path": "text", … },
 *         "datacenters": <GET /v1/catalog/datacenters>,
 *         "agent": "name of the node that `node` without a name gives"
 *       }
 *     }
 *
 * Nodes need not be listed for their services to be found. What is in no part is not there: an
 * unknown service has no instances, an unknown key blocks. Files are read from the disk. Throws an
 * OfflineDataError.
 */
export function readOfflineData(json: unknown): { dot: Value; knowledge: Knowledge } {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  const given = isObject && 'consul' in json ? json.consul : {}
  const parsed = v.safeParse(catalogueSchema, given)
  if (parsed.success) return { dot: valueOfJson(json), knowledge: knowledgeOf(parsed.output) }
  const [issue] = parsed.issues
  const path = v.getDotPath(issue)
  const where = path === null ? 'consul' : `consul.${path}`
  const isUnknown = issue.type === 'strict_object' && issue.expected === 'never'
  const parts = Object.keys(catalogueSchema.entries).join(', ')
  const what = isUnknown ? `is not one of ${parts}` : issue.message
  throw new OfflineDataError(`${where}: ${what}`)
}
