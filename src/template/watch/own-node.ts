import { pathPart } from '../../consul/clean-path.ts'
import type { Consul } from '../../consul/contract.ts'
import { ConsulError } from '../../consul/errors.ts'
import type { Asked } from './poll.ts'
import { mostNodeWaitMs, type Query } from './topic.ts'

type SelfAnswer = { readonly Config?: { readonly NodeName?: unknown } | null } | null | undefined

/** How the node of the agent itself is asked for. */
export async function ownNode(consul: Consul, query: Query, signal: AbortSignal): Promise<Asked> {
  const { value } = await consul.get<SelfAnswer>('/v1/agent/self', { signal })
  const name = value?.Config?.NodeName
  if (typeof name === 'string' && name !== '') {
    return { path: `/v1/catalog/node/${pathPart(name)}`, query, mostWaitMs: mostNodeWaitMs }
  }
  throw new ConsulError('consul_unreachable', 'the agent does not say which node it is on')
}
