import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SwarmStage } from './support/swarm-stage.ts'
import { until } from './until.ts'

let stage: SwarmStage

// HAProxy is a process of host1: it reaches tasks by ports on their nodes.
beforeAll(async () => {
  stage = await SwarmStage.open({ hosts: 3, managers: 3 })
  await stage.startFairlead('host')
}, 180_000)

afterAll(() => stage.close())

const swarmState = async () => {
  const { sources } = await stage.status()
  return sources.find(({ source }) => source.startsWith('swarm:'))
}

const untilConnected = () =>
  until('the manager answers', async () => (await swarmState())?.state === 'connected', 200_000)

describe('from a HAProxy that is a process of its host', () => {
  it('a service on an overlay network only is left out, with the command that helps', async () => {
    await stage.createService('inner', '--replicas', '1')
    await until('it is left out', async () => {
      const { leftOut } = await stage.status()
      return leftOut.some(
        ({ name, hint }) => name === 'inner.1' && hint.includes('--publish-add mode=host,target='),
      )
    })
    await stage.removeService('inner')
  })

  it('one with ports on its nodes is reached there', async () => {
    const published = ['--publish', 'mode=host,target=80']
    await stage.createService('outer', '--mode', 'global', ...published)
    await stage.untilServing('outer', 3)
    const addresses = (await stage.endpoints('outer')).map(({ address }) => address)
    expect(addresses.toSorted()).toEqual(stage.lab.hosts.map(({ address }) => address))
  })
})

describe('while the swarm gives no answer', () => {
  it('for want of a leader, nothing changes, the reason is on show, and it comes back', async () => {
    const load = stage.load('outer', 50)
    const [, ...others] = stage.lab.hosts
    await Promise.all(others.map((host) => host.killDocker()))
    await until('the reason is on show', async () => {
      const state = await swarmState()
      return state?.state === 'connecting' && state.error !== ''
    })
    expect(await stage.endpoints('outer')).toHaveLength(3)
    await until('further requests', () => load.report().sent > 200)
    expect((await load.stop()).failures).toEqual([])
    await Promise.all(others.map((host) => host.startDocker()))
    await untilConnected()
    await stage.untilServing('outer', 3)
  })

  it('since its node was made a worker, the way out is named, and promoting it is enough', async () => {
    const other = stage.lab.host(2)
    await other.docker('node', 'demote', 'host1')
    await until(
      'the way out is named',
      async () => (await swarmState())?.error.includes('docker node promote') === true,
    )
    await stage.untilServing('outer', 3)
    await other.docker('node', 'promote', 'host1')
    await untilConnected()
  })
})
