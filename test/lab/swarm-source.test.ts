import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SwarmStage } from './support/swarm-stage.ts'
import { until } from './until.ts'

let stage: SwarmStage

// Docker watches each update for five seconds unless told otherwise.
const watched = ['--update-monitor', '1s', '--rollback-monitor', '1s']

beforeAll(async () => {
  stage = await SwarmStage.open({ hosts: 3, managers: 1 })
  await stage.holdNetwork()
  await stage.startFairlead('container')
}, 180_000)

afterAll(() => stage.close())

// HAProxy's memory of a service would outlive it; names differ from test to test.
let service = ''
afterEach(async () => {
  await stage.removeService(service)
  await until(`${service} is gone`, async () => (await stage.endpoints(service)).length === 0)
})

describe('a service', () => {
  it('answers with every task, by slot and node, as it is scaled up and down', async () => {
    service = 'plain'
    await stage.createService(service, '--replicas', '3', '--endpoint-mode', 'dnsrr')
    await stage.untilServing(service, 3)
    const endpoints = await stage.endpoints(service)
    expect(endpoints.map(({ candidate }) => candidate).toSorted()).toEqual([
      'plain.1',
      'plain.2',
      'plain.3',
    ])
    expect(endpoints.map(({ node }) => node).toSorted()).toEqual(['host1', 'host2', 'host3'])
    const load = stage.load(service)
    const reloads = await stage.reloads()
    await stage.manager.docker('service', 'scale', '--detach', `${service}=8`)
    await stage.untilServing(service, 8)
    await until('each has answered', () => load.report().byHostname.size === 8)
    await stage.manager.docker('service', 'scale', '--detach', `${service}=2`)
    await stage.untilServing(service, 2)
    const report = await load.stop()
    expect(report.failures).toEqual([])
    expect(report.byHostname.size).toBe(8)
    expect(await stage.reloads()).toBe(reloads)
  })

  it('with a virtual address is reached by its tasks, and its update and rollback fail no request', async () => {
    service = 'first'
    // One at a time: without a HEALTHCHECK Docker stops the next old ones as soon as the processes of
    // new ones run, and half of them at once, worst of all stop-first, may leave none that listens.
    const order = ['--update-order', 'start-first', '--rollback-order', 'start-first']
    await stage.createService(service, '--replicas', '4', ...order, ...watched)
    await stage.untilServing(service, 4)
    const explained = JSON.stringify(await stage.explain('first.1'))
    expect(explained).toMatch(/virtual address \(10\.[\d./]+\) is not used/)
    const load = stage.load(service)
    const reloads = await stage.reloads()
    await stage.updateService(service, '--env-add', 'VERSION=2')
    await stage.untilUpdate(service, 'completed')
    await stage.untilServing(service, 4)
    await stage.manager.docker('service', 'rollback', '--detach', service)
    await stage.untilUpdate(service, 'rollback_completed')
    await stage.untilServing(service, 4)
    const report = await load.stop()
    expect(report.failures).toEqual([])
    expect(await stage.reloads()).toBe(reloads)
  })

  it('that is updated and rolled back stop-first fails no request', async () => {
    service = 'second'
    await stage.createService(service, '--replicas', '3', ...watched)
    await stage.untilServing(service, 3)
    const load = stage.load(service)
    const reloads = await stage.reloads()
    await stage.updateService(service, '--env-add', 'VERSION=2', '--update-order', 'stop-first')
    await stage.untilUpdate(service, 'completed')
    await stage.manager.docker('service', 'rollback', '--detach', service)
    await stage.untilUpdate(service, 'rollback_completed')
    await stage.untilServing(service, 3)
    const report = await load.stop()
    expect(report.failures).toEqual([])
    expect(await stage.reloads()).toBe(reloads)
  })

  it('moves away from a node that is drained without a failed request', async () => {
    service = 'moved'
    await stage.createService(service, '--replicas', '3')
    await stage.untilServing(service, 3)
    const load = stage.load(service)
    await stage.manager.docker('node', 'update', '--availability', 'drain', 'host3')
    await until('nothing serves on host3', async () => {
      const endpoints = await stage.endpoints(service)
      return endpoints.length === 3 && endpoints.every(({ node }) => node !== 'host3')
    })
    await stage.untilServing(service, 3)
    expect((await load.stop()).failures).toEqual([])
    await stage.manager.docker('node', 'update', '--availability', 'active', 'host3')
  })

  it('that is global has the node in the names of its tasks', async () => {
    service = 'each'
    await stage.createService(service, '--mode', 'global')
    await stage.untilServing(service, 3)
    expect(await stage.serving(service)).toEqual(['each.host1', 'each.host2', 'each.host3'])
  })
})
