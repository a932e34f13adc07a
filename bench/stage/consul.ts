import { startConsul } from '../../test/support/consul/consul-agent.ts'
import type { ConsulAgent } from '../../test/support/consul/consul-agent.ts'
import type { Stage } from './stage.ts'

/**
 * One Consul server by itself, with the limits that an agent has where nobody sets any
 * (`limits.http_max_conns_per_client`: 200); it is registered with the stage, which ends it at the
 * latest.
 */
export async function openConsul(stage: Stage): Promise<ConsulAgent> {
  const agent = await startConsul({ nodeName: stage.run })
  stage.onClose(() => agent.close())
  return agent
}
