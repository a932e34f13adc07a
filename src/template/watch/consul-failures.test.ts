import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeConsul } from '../../consul/testing/fake-consul.ts'
import { ManualClock } from '../../support/clock.ts'
import type { Dependency } from '../dependency.ts'
import { parseHealthQuery, parseKeyQuery } from '../functions/queries.ts'
import { ConsulSource, type ConsulSourceOptions } from './consul-source.ts'

const retry = { isEnabled: true, attempts: 0, backoffMs: 250, mostBackoffMs: 1000 }

let consul: FakeConsul
let clock: ManualClock
let source: ConsulSource
let changes: number

beforeEach(() => {
  consul = new FakeConsul()
  clock = new ManualClock()
})

afterEach(() => {
  source.close()
})

async function follow(
  dependencies: readonly Dependency[],
  options: Partial<ConsulSourceOptions> = {},
): Promise<void> {
  source = new ConsulSource({ consul, clock, retry, ...options })
  source.follow(dependencies)
  await clock.advance(1000)
  changes = 0
  source.onEvent(({ kind }) => {
    if (kind === 'changed') changes++
  })
}

const failing = (): readonly string[] => source.failing().map(({ dependency }) => dependency.name)

describe('what fails', () => {
  const key = parseKeyQuery('kv.get', 'conf/a')

  it('is known until it is answered, also if the answer is the same as before', async () => {
    consul.set('/v1/kv/conf/a', [{ Key: 'conf/a', Value: 'eA==' }])
    await follow([key])
    consul.fail('/v1/kv/conf/a', 2)
    await clock.advance(0)
    expect(source.failing()).toMatchObject([{ dependency: key, failures: 1, retryInMs: 250 }])
    await clock.advance(250)
    expect(source.failing()).toMatchObject([{ dependency: key, failures: 2, retryInMs: 500 }])
    await clock.advance(500)
    expect(failing()).toEqual([])
    expect(changes).toBe(0)
  })

  it('is not known any more when it is not followed any more', async () => {
    consul.fail('/v1/kv/conf/a')
    await follow([key])
    expect(failing()).toEqual([key.name])
    source.follow([])
    expect(failing()).toEqual([])
  })

  it('is still known when its attempts are used up', async () => {
    consul.fail('/v1/kv/conf/a')
    await follow([key], { retry: { ...retry, attempts: 1 } })
    expect(source.failing()).toMatchObject([{ failures: 2, retryInMs: undefined }])
  })

  it('of a folder has the name of a key that is followed, until the folder is answered', async () => {
    const keys = Array.from({ length: 20 }, (_, at) => parseKeyQuery('kv.get', `conf/${at}`))
    consul.set('/v1/kv/conf/', [])
    await follow(keys)
    consul.fail('/v1/kv/conf/')
    await clock.advance(0)
    expect(failing()).toEqual(['kv.get(conf/0)'])
    source.follow(keys.slice(1))
    expect(failing()).toEqual(['kv.get(conf/1)'])
    consul.heal()
    await clock.advance(1000)
    expect(failing()).toEqual([])
    expect(changes).toBe(0)
  })

  describe('of services that are read together', () => {
    const services = Array.from({ length: 30 }, (_, at) =>
      parseHealthQuery('health.service', `app${at}`),
    )

    beforeEach(async () => {
      for (const { service } of services) consul.set(`/v1/health/service/${service}`, [])
      for (const path of ['catalog/nodes', 'health/state/any']) consul.set(`/v1/${path}`, [])
      consul.set('/v1/catalog/services', {})
    })

    it('is known by one of them until the nodes are answered', async () => {
      await follow(services, { mostConnections: 24 })
      expect(consul.blocked('/v1/health/service/app0')).toBe(0)
      expect(failing()).toEqual([])
      consul.fail('/v1/catalog/nodes')
      await clock.advance(0)
      expect(failing()).toEqual([services[0]?.name])
      source.follow(services.slice(1))
      expect(failing()).toEqual([services[1]?.name])
      consul.heal()
      await clock.advance(1000)
      expect(failing()).toEqual([])
      expect(changes).toBe(0)
    })

    it('for one alone is known by its name until it is answered, or not followed', async () => {
      const paths = ['app3', 'app4'].map((name) => `/v1/health/service/${name}`)
      for (const path of paths) consul.fail(path)
      await follow(services, { mostConnections: 24 })
      expect(failing().toSorted()).toEqual([services[3]?.name, services[4]?.name])
      source.follow(services.filter(({ service }) => service !== 'app4'))
      expect(failing()).toEqual([services[3]?.name])
      consul.heal()
      await clock.advance(6000)
      expect(failing()).toEqual([])
    })
  })
})
