import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consulOptions } from '../../src/consul/address.ts'
import { ConsulClient } from '../../src/consul/client.ts'
import { ConsulBackend } from '../../src/registration/consul-backend.ts'
import { ConsulKvBackend } from '../../src/registration/consul-kv-backend.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { registrationContract } from '../support/registration-contract.ts'

const { signal } = new AbortController()
const clientOf = (agent: ConsulAgent): ConsulClient =>
  new ConsulClient(consulOptions(`consul://${agent.address}`, {}))

type Checks = Readonly<Record<string, { Status: string; Output: string }>>

registrationContract('a Consul agent', async () => {
  const agent = await startConsul()
  const backend = new ConsulBackend({ consul: clientOf(agent) })
  return {
    backend,
    checkState: async (id) => {
      const check = (await agent.api<Checks>('GET', '/v1/agent/checks')).body[id]
      return check && { status: check.Status, output: check.Output }
    },
    maintainByHand: async (id, reason) => {
      const query = `enable=true&reason=${encodeURIComponent(reason)}`
      await agent.api('PUT', `/v1/agent/service/maintenance/${id}?${query}`)
    },
    close: () => {
      backend.close()
      return agent.close()
    },
  }
})

describe("registration in Consul's key-value store", () => {
  let agent: ConsulAgent
  let backend: ConsulKvBackend

  beforeAll(async () => {
    agent = await startConsul()
    backend = new ConsulKvBackend({ consul: clientOf(agent), prefix: 'services/here' })
  })
  afterAll(() => {
    backend.close()
    return agent.close()
  })

  const keys = async (): Promise<readonly string[]> => {
    const { status, body } = await agent.api<readonly string[]>('GET', '/v1/kv/?keys')
    return status === 404 ? [] : body
  }
  const valueOf = async (key: string): Promise<string> => {
    const path = `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`
    const { body } = await agent.api<readonly { Value: string }[]>('GET', path)
    return Buffer.from(body[0]?.Value ?? '', 'base64').toString()
  }
  const web = { ID: 'host:web-1:80', Name: 'web', Address: '10.0.0.1', Port: 8080 }

  it('writes address and port under prefix, name and id, and removes them', async () => {
    await backend.register(web, signal)
    expect(await keys()).toEqual(['services/here/web/host:web-1:80'])
    expect(await valueOf('services/here/web/host:web-1:80')).toBe('10.0.0.1:8080')
    await backend.deregister(web, signal)
    await backend.deregister(web, signal)
    expect(await keys()).toEqual([])
  })

  it('writes IPv6 in brackets, and slashes of an id as they are', async () => {
    await backend.register({ ID: 'a/b ü', Name: 'v6', Address: '::1', Port: 80 }, signal)
    expect(await valueOf('services/here/v6/a/b ü')).toBe('[::1]:80')
    await backend.deregister({ ID: 'a/b ü', Name: 'v6' }, signal)
    expect(await keys()).toEqual([])
  })

  it('leaves no key behind when the name of a service changes', async () => {
    await backend.register(web, signal)
    await backend.register({ ...web, Name: 'shop' }, signal)
    expect(await keys()).toEqual(['services/here/shop/host:web-1:80'])
    await backend.deregister({ ...web, Name: 'shop' }, signal)
    expect(await keys()).toEqual([])
  })

  it('cannot list, and names the leader', async () => {
    expect(await backend.list()).toBeUndefined()
    expect(await backend.ping(signal)).toMatch(/:\d+$/)
  })
})
