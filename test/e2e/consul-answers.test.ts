import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import type { FaultProxy } from '../support/consul/fault-proxy.ts'
import type { Fault, ProxiedRequest } from '../support/consul/faults.ts'
import { ConsulStage, registering, untilRegistered, untilServed } from './support/consul-stage.ts'
import { get, Load } from './support/load.ts'
import type { Container, Stage } from './support/stage.ts'

/** A name that Consul takes, and every part of a URL has its own trouble with. */
const strange = 'a/b c?#ü%'

let world: ConsulStage
let stage: Stage
let consul: ConsulAgent
let proxy: FaultProxy
let containers: readonly Container[]
let plain: string
let own: string
const started: Container[] = []

beforeAll(async () => {
  world = await ConsulStage.open()
  stage = world.main
  consul = await world.consul()
  proxy = await world.proxy(consul)
  plain = stage.name('plain')
  own = stage.name('own')
  // Not routed by themselves: what the tests register leads to them.
  const unlabelled = { service: 'any', labels: { 'fairlead.enable': 'false' } }
  containers = await Promise.all([1, 2].map(() => stage.startContainer(unlabelled)))
  await stage.up(...registering(proxy), '--registration-cycle', '5s')
})

afterEach(async () => {
  proxy.heal()
  for (const container of started.splice(0)) await stage.remove(container)
  for (const name of [plain, strange]) await setInstances(name, 0)
  for (const name of [plain, strange, own]) await stage.untilServing(name, 0)
  await untilRegistered(stage, consul, own, [])
})

afterAll(async () => {
  await world?.close()
})

/** A container of this host, which fairlead registers; removed after the test. */
async function startOwn(): Promise<Container> {
  const container = await stage.startContainer({ service: own, mode: 'instant' })
  started.push(container)
  return container
}

/** Another node of the same Consul has so many instances of a service. */
async function setInstances(service: string, count: number): Promise<void> {
  for (const [at, container] of containers.entries()) {
    const id = `${service}-${at}`
    const address = await stage.addressOf(container)
    const node = { Node: 'elsewhere', Address: address }
    const Service = {
      ID: id,
      Service: service,
      Address: address,
      Port: 80,
      Meta: { fairlead_host: service === strange ? 'strange.test' : 'plain.test' },
    }
    const [path, body] =
      at < count
        ? ['register', { ...node, Service }]
        : ['deregister', { Node: node.Node, ServiceID: id }]
    expect((await consul.api('PUT', `/v1/catalog/${path}`, body)).status).toBe(200)
  }
}

const faults: readonly (readonly [string, Fault])[] = [
  ['take two seconds', { kind: 'delay', delayMs: 2000 }],
  ['are 500', { kind: 'status', status: 500, body: 'rpc error: No cluster leader' }],
  ['are 429', { kind: 'status', status: 429, body: 'Your IP is issuing too many requests' }],
  ['are connection resets', { kind: 'reset' }],
  ['are half an answer', { kind: 'truncate' }],
  ['are cut off', { kind: 'cut' }],
  ['have an index that goes backwards', { kind: 'index', rewrite: backwards() }],
]

function backwards(): (index: number) => number {
  let answers = 0
  return (index) => Math.max(1, index - (answers++ % 3) * 7)
}

const isOfStrange = ({ method, path }: ProxiedRequest): boolean =>
  method === 'GET' && path.startsWith(`/v1/health/service/${encodeURIComponent(strange)}`)

describe.each(faults)('answers about one service that %s', (_what, fault) => {
  it('keep no other service back, and it is right afterwards', async () => {
    await Promise.all([setInstances(plain, 1), setInstances(strange, 1)])
    await Promise.all([stage.untilServing(plain, 1), stage.untilServing(strange, 1)])
    const begun = proxy.requests.length
    proxy.inject(isOfStrange, fault)
    proxy.disconnect()
    const isAsked = () => proxy.requests.slice(begun).some(isOfStrange)
    await stage.until(isAsked, 'it was asked for the service')
    await setInstances(strange, 2)
    await setInstances(plain, 2)
    await stage.untilServing(plain, 2)
    const answer = await get({ port: stage.port, host: 'strange.test' })
    expect(answer.status).toBe(200)
    proxy.heal()
    await stage.untilServing(strange, 2)
    await Promise.all([setInstances(plain, 1), setInstances(strange, 1)])
    await Promise.all([stage.untilServing(plain, 1), stage.untilServing(strange, 1)])
  })
})

describe.each(faults)('answers to everything that %s', (_what, fault) => {
  it('cost no request, and nothing is lost', async () => {
    await Promise.all([setInstances(plain, 1), setInstances(strange, 1)])
    await Promise.all([stage.untilServing(plain, 1), stage.untilServing(strange, 1)])
    const gone = await startOwn()
    await stage.untilServing(own, 1)
    const load = new Load({ port: stage.port, perSecond: 50, host: 'plain.test' })
    const begun = proxy.requests.length
    proxy.inject(({ method }) => method === 'GET' || fault.kind !== 'index', fault)
    proxy.disconnect()
    await Promise.all([setInstances(plain, 2), setInstances(strange, 2)])
    const comes = await startOwn()
    await stage.until(() => proxy.requests.length > begun + 5, 'it was asked for something')
    await stage.remove(gone)
    proxy.heal()
    await stage.untilServing(plain, 2)
    await stage.untilServing(strange, 2)
    await untilRegistered(stage, consul, own, [comes])
    await untilServed(stage, own, [comes])
    const { failures, sent } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(0)
  })
})
