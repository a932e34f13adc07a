import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AdminState } from '../../src/model/desired-state.ts'
import { get, Load, type Answer } from './support/load.ts'
import { end, Stage, type Container } from './support/stage.ts'

let stage: Stage
let web: string

beforeEach(async () => {
  stage = await Stage.open()
  web = stage.name('web')
})

afterEach(async () => {
  await stage.close()
})

async function startAll(count: number): Promise<Container[]> {
  const started: Container[] = []
  while (started.length < count) started.push(await stage.startContainer({ service: web }))
  return started
}

async function hostnames(count: number): Promise<string[]> {
  const names: string[] = []
  for (let left = count; left > 0; left -= 1) {
    const { body } = await get({ port: stage.port, host: `${web}.localhost` })
    names.push((JSON.parse(body) as { hostname: string }).hostname)
  }
  return names
}

/** HAProxy has been told so. */
async function isApplied(container: Container, admin: AdminState): Promise<boolean> {
  const report = await stage.status()
  const endpoints = report.services.flatMap((each) => each.endpoints)
  const endpoint = endpoints.find((each) => each.candidate === container.name)
  return report.isApplied && endpoint?.admin === admin
}

describe('containers come and go', () => {
  it('gives each of three containers every third request, in turn', async () => {
    const containers = await startAll(3)
    await stage.up()
    await stage.untilServing(web, 3)
    const names = await hostnames(30)
    for (const { hostname } of containers) {
      expect(names.filter((each) => each === hostname)).toHaveLength(10)
    }
    expect(names.slice(0, 3)).toEqual(names.slice(3, 6))
  })

  it('loses no request while containers are added, stopped, replaced and killed', async () => {
    const [first, second] = await startAll(2)
    await stage.up()
    await stage.untilServing(web, 2)
    const reloads = (await stage.status()).haproxy.reloads
    const host = `${web}.localhost`
    const loads = [true, false].map(
      (isKeptAlive) =>
        new Load({ port: stage.port, perSecond: 100, host, service: web, isKeptAlive }),
    )
    const third = await stage.startContainer({ service: web, mode: 'instant' })
    const fourth = await stage.startContainer({ service: web, mode: 'ignore', stopTimeout: 1 })
    await stage.untilServing(web, 4)
    await stage.post(`/containers/${first?.id}/stop`)
    await stage.post(`/containers/${third.id}/kill?signal=KILL`)
    const fifth = await stage.startContainer({ service: web })
    await stage.until(async () => (await hostnames(5)).includes(fifth.hostname), 'the fifth serves')
    await stage.untilServing(web, 3)
    await stage.post(`/containers/${fourth.id}/stop`)
    await stage.remove(second as Container)
    await stage.untilServing(web, 1)
    for (const load of loads) {
      const { sent, failures } = await load.stop()
      expect(failures).toEqual([])
      expect(sent).toBeGreaterThan(100)
    }
    expect((await stage.status()).haproxy.reloads).toBe(reloads)
  })

  it('sends nothing to a program that does not listen yet', async () => {
    await startAll(1)
    await stage.up()
    await stage.untilServing(web, 1)
    const load = new Load({
      port: stage.port,
      perSecond: 100,
      host: `${web}.localhost`,
      service: web,
    })
    await stage.startContainer({ service: web, delayMs: 1_500 })
    await stage.untilServing(web, 2)
    expect((await load.stop()).failures).toEqual([])
  })

  it('drains at the stop signal, and takes a container back that goes on running', async () => {
    await startAll(1)
    const stubborn = await stage.startContainer({ service: web, mode: 'ignore', stopTimeout: 1 })
    await stage.up()
    await stage.untilServing(web, 2)
    await stage.post(`/containers/${stubborn.id}/kill?signal=TERM`)
    await stage.until(() => isApplied(stubborn, 'drain'), 'it drains')
    const names = await hostnames(10)
    expect(names).not.toContain(stubborn.hostname)
    await stage.until(() => isApplied(stubborn, 'ready'), 'it is back')
    expect(await hostnames(10)).toContain(stubborn.hostname)
    const { problems } = await stage.status()
    expect(problems.some((each) => each.where.includes(stubborn.name))).toBe(true)
  })

  it('sends nothing to a paused container, and requests again when it goes on', async () => {
    const [, second] = await startAll(2)
    await stage.up()
    await stage.untilServing(web, 2)
    await stage.post(`/containers/${second?.id}/pause`)
    await stage.until(() => isApplied(second as Container, 'maint'), 'it is in maintenance')
    expect(await hostnames(6)).not.toContain(second?.hostname)
    await stage.post(`/containers/${second?.id}/unpause`)
    await stage.untilServing(web, 2)
    expect(await hostnames(6)).toContain(second?.hostname)
  })

  it("follows Docker's HEALTHCHECK: not yet, yes, no more, yes again", async () => {
    const container = await stage.startContainer({ service: web, hasHealthcheck: true })
    await stage.up()
    await stage.untilServing(web, 1)
    await get({ port: stage.port, host: `${web}.localhost`, path: '/unhealthy' })
    await stage.until(
      async () => (await get({ port: stage.port, host: `${web}.localhost` })).status === 503,
      'it answers 503',
    )
    expect(
      (await get({ port: stage.port, host: `${web}.localhost` })).headers['retry-after'],
    ).toBeDefined()
    const explained = await stage.ask('explain', container.name)
    expect(explained.stdout).toContain('HEALTHCHECK')
    await get({ port: 80, address: await stage.addressOf(container), path: '/healthy' })
    await stage.untilServing(web, 1)
  })

  it('never lets an address that Docker gave to another container answer for the old one', async () => {
    const other = stage.name('other')
    const [first] = await startAll(2)
    await stage.startContainer({ service: other })
    await stage.up()
    await stage.untilServing(web, 2)
    await stage.untilServing(other, 1)
    const loads = [web, other].map(
      (service) =>
        new Load({ port: stage.port, perSecond: 50, host: `${service}.localhost`, service }),
    )
    await stage.remove(first as Container)
    // Docker gives the freed address to the next container.
    await stage.startContainer({ service: other })
    await stage.untilServing(other, 2)
    for (const load of loads) expect((await load.stop()).failures).toEqual([])
  })

  it('answers 503 for a known host without an endpoint, and never with another service', async () => {
    const other = stage.name('other')
    const only = await stage.startContainer({ service: other })
    await startAll(1)
    await stage.up('--gone-service', '3s')
    await stage.untilServing(other, 1)
    await stage.remove(only)
    let answer: Answer | undefined
    await stage.until(async () => {
      answer = await get({ port: stage.port, host: `${other}.localhost` })
      return answer.status === 503
    }, 'it answers 503')
    expect(answer?.headers['retry-after']).toBeDefined()
    await stage.until(
      async () => !(await stage.status()).services.some((each) => each.name === other),
      'it is forgotten',
    )
  })
})

describe('fairlead itself comes and goes', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'loses no request at its %s, adopts the same HAProxy, and finds what changed meanwhile',
    async (signal) => {
      const [first] = await startAll(2)
      const daemon = await stage.up()
      await stage.untilServing(web, 2)
      const pid = await stage.haproxyPid()
      const load = new Load({
        port: stage.port,
        perSecond: 200,
        host: `${web}.localhost`,
        service: web,
      })
      await end(daemon, signal)
      expect(await stage.haproxyPid()).toBe(pid)
      await stage.startContainer({ service: web })
      await stage.post(`/containers/${first?.id}/stop`)
      await stage.up()
      expect(await stage.haproxyPid()).toBe(pid)
      await stage.untilServing(web, 2)
      const { failures, sent } = await load.stop()
      expect(sent).toBeGreaterThan(200)
      expect(failures).toEqual([])
      const { haproxy } = await stage.status()
      expect(haproxy, await stage.log()).toMatchObject({ isAdopted: true, reloads: 0 })
    },
  )

  it('brings HAProxy back within a second when it dies, with the same state', async () => {
    await startAll(2)
    await stage.up()
    await stage.untilServing(web, 2)
    const pid = await stage.haproxyPid()
    process.kill(pid, 'SIGKILL')
    await stage.until(async () => {
      const now = await stage.haproxyPid()
      return now > 0 && now !== pid
    }, 'another HAProxy runs')
    await stage.untilServing(web, 2)
    expect(new Set(await hostnames(4)).size).toBe(2)
  })

  it("keeps an operator's word over a restart, until it is taken back", async () => {
    const [first] = await startAll(2)
    const daemon = await stage.up()
    await stage.untilServing(web, 2)
    expect((await stage.ask('drain', first?.name ?? '')).code).toBe(0)
    await stage.until(() => isApplied(first as Container, 'drain'), 'it drains')
    expect(await hostnames(6)).not.toContain(first?.hostname)
    await end(daemon, 'SIGKILL')
    await stage.up()
    await stage.until(async () => (await stage.status()).isApplied, 'it is applied')
    expect(await hostnames(6)).not.toContain(first?.hostname)
    expect((await stage.status()).words).toHaveLength(1)
    expect((await stage.ask('ready', first?.name ?? '')).code).toBe(0)
    await stage.untilServing(web, 2)
    expect(await hostnames(6)).toContain(first?.hostname)
  })

  it('ends with its HAProxy at `fairlead down`', async () => {
    await startAll(1)
    const daemon = await stage.up()
    await stage.untilServing(web, 1)
    const { code } = await stage.ask('down')
    expect(code).toBe(0)
    await stage.until(() => daemon.exitCode === 0, 'fairlead has ended')
    expect(await stage.haproxyPid()).toBe(0)
  })
})
