import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { agentCases } from './consul-contract/agent-cases.ts'
import { blockingCases } from './consul-contract/blocking-cases.ts'
import { catalogCases } from './consul-contract/catalog-cases.ts'
import { kvCases } from './consul-contract/kv-cases.ts'
import { asking, eventually, type Asking, type ConsulSubject } from './consul-contract/subject.ts'

/** What a real Consul agent and fairlead's embedded registry must do alike. */
export function describeConsulApi(name: string, start: () => Promise<ConsulSubject>): void {
  describe(`Consul's HTTP API of ${name}`, () => {
    let subject: ConsulSubject
    let consul: Asking
    beforeAll(async () => {
      subject = await start()
      consul = asking(subject)
    })
    afterEach(() => emptied(consul))
    afterAll(() => subject.close())

    describe('the agent', () => agentCases(() => consul))
    describe('the catalogue', () => catalogCases(() => consul))
    describe('the key-value store', () => kvCases(() => consul))
    describe('blocking queries', () => blockingCases(() => consul))
  })
}

/** Nothing registered and no keys, in the catalogue too. */
async function emptied(consul: Asking): Promise<void> {
  const { body } = await consul.get<Record<string, unknown>>('/v1/agent/services')
  for (const id of Object.keys(body)) {
    await consul.put(`/v1/agent/service/deregister/${encodeURIComponent(id)}`)
  }
  await consul.delete('/v1/kv/?recurse')
  await eventually(
    'an empty catalogue',
    async () => (await consul.get<object>('/v1/catalog/services')).body,
    (services) => Object.keys(services).every((name) => name === 'consul'),
  )
}
