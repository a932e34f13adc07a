import { startConsul } from '../support/consul/consul-agent.ts'
import { describeConsulApi } from '../support/consul-contract.ts'

describeConsulApi('a real Consul agent', async () => {
  const agent = await startConsul({ nodeName: 'n1' })
  return { url: agent.url, node: agent.nodeName, close: () => agent.close() }
})
