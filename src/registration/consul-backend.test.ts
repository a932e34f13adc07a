import { expect, it } from 'vitest'
import { FakeConsul } from '../consul/testing/fake-consul.ts'
import { ConsulBackend } from './consul-backend.ts'

it.each(['..', '/web', 'a//b', 'a/./b'])(
  'does not register the id %s, which Consul could not be told to deregister',
  async (ID) => {
    const consul = new FakeConsul()
    const backend = new ConsulBackend({ consul })
    const registering = backend.register({ ID, Name: 'web' }, new AbortController().signal)
    await expect(registering).rejects.toMatchObject({ code: 'consul_refused' })
    expect(consul.requests).toEqual([])
  },
)
