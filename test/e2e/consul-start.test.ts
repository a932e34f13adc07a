import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import { ConsulStage, consulReport, reading, registering } from './support/consul-stage.ts'
import { get } from './support/load.ts'
import { end, type Stage } from './support/stage.ts'

let world: ConsulStage
let stage: Stage
let consul: ConsulAgent
let web: string

beforeEach(async () => {
  world = await ConsulStage.open()
  stage = world.main
  consul = await world.consul()
  web = stage.name('web')
})

afterEach(async () => {
  await world.close()
})

const isServing = async (): Promise<boolean> => {
  const answer = await get({ port: stage.port, host: `${web}.localhost` }).catch(() => undefined)
  return answer?.status === 200
}

/** Two containers that one fairlead has registered, and another one that reads them has ended. */
async function leaveReader(): Promise<void> {
  const writer = await world.another()
  await Promise.all([1, 2].map(() => stage.startContainer({ service: web })))
  await writer.up(...registering(consul))
  const reader = await stage.up(...reading(consul))
  await stage.untilServing(web, 2)
  await end(reader, 'SIGTERM')
}

describe('a start while the agent is away', () => {
  it.each(['with', 'without'])('lets an adopted HAProxy serve on, %s a snapshot', async (what) => {
    await leaveReader()
    const load = world.load(web)
    const pid = await stage.haproxyPid()
    await consul.kill()
    if (what === 'without') {
      for (const name of ['registry.snapshot', 'registry.snapshot.journal']) {
        await rm(join(stage.stateFolder, name), { force: true })
      }
    }
    const daemon = stage.spawnUp(...reading(consul))
    const isNoted = async () => {
      if (what === 'with') return (await stage.api('GET', '/api/status')).status === 200
      return (await stage.log()).includes('HAProxy serves on unchanged')
    }
    await stage.until(isNoted, 'it has started')
    const { sent } = load.report()
    await stage.until(() => load.report().sent > sent + 50, 'some requests are answered')
    expect(daemon.exitCode).toBeNull()
    expect((await stage.api('GET', '/readyz')).status).toBe(503)
    await consul.start()
    await stage.until(async () => (await stage.api('GET', '/readyz')).status === 200, 'it is ready')
    await stage.untilServing(web, 2)
    expect(await stage.haproxyPid()).toBe(pid)
    expect((await load.stop()).failures).toEqual([])
  })

  it('serves the last good state with a HAProxy of its own, and then what is new', async () => {
    await leaveReader()
    process.kill(await stage.haproxyPid(), 'SIGKILL')
    await stage.until(async () => (await stage.haproxyPid()) === 0, 'HAProxy is gone')
    await stage.until(async () => !(await isServing()), 'its worker has ended, too')
    await consul.kill()
    stage.spawnUp(...reading(consul))
    await stage.until(isServing, 'it serves again')
    await stage.untilServing(web, 2)
    expect((await consulReport(stage)).state).toBe('waiting')
    expect((await stage.ask('status')).stdout).toMatch(/Consul at .* does not answer for/)
    await stage.startContainer({ service: web })
    await consul.start()
    await stage.untilServing(web, 3)
    // This host's own container serves by Docker's word already; Consul is read a moment later.
    const isCurrent = async (): Promise<boolean> => (await consulReport(stage)).state === 'current'
    await stage.until(isCurrent, 'Consul is read again')
  })

  it('fails when there is nothing to go on with', async () => {
    await consul.kill()
    const { code, stderr } = await stage.cli(...stage.upArguments(...reading(consul)))
    expect(code).toBe(1)
    expect(stderr).toContain('Consul does not answer')
    expect(stderr).toContain(consul.address)
    expect(stderr).toContain('--registry')
    expect(stderr.split('\n').filter((line) => line.startsWith('fairlead:'))).toHaveLength(1)
    expect(await stage.haproxyPid()).toBe(0)
  })
})
