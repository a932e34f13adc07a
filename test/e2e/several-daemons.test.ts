import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SourceState } from '../../src/model/candidate.ts'
import { get, Load } from './support/load.ts'
import { SecondDaemon } from './support/second-daemon.ts'
import { end, Stage, type Container } from './support/stage.ts'

const local = 'unix:///var/run/docker.sock'

let stage: Stage
let second: SecondDaemon
const opened: SecondDaemon[] = []
let web: string

async function open(hostName: string): Promise<void> {
  second = await SecondDaemon.open(hostName)
  opened.push(second)
  await stage.giveImage(second.docker)
}

beforeEach(async () => {
  stage = await Stage.open()
  web = stage.name('web')
})

afterEach(async () => {
  try {
    await stage.close()
  } finally {
    for (const daemon of opened.splice(0)) await daemon.close()
  }
})

/** One container on each daemon, both of the same name. */
async function startPair(): Promise<readonly [Container, Container]> {
  const options = { service: web, name: stage.name('same') }
  return [
    await stage.startContainer(options),
    await stage.startContainer({ ...options, publish: true }, second.docker),
  ]
}

const endpoints = async () =>
  (await stage.status()).services.find((each) => each.name === web)?.endpoints ?? []

const source = async (): Promise<SourceState | undefined> =>
  (await stage.status()).sources.find((each) => each.source.includes(second.url))

async function hostnames(count: number): Promise<string[]> {
  const names: string[] = []
  for (let left = count; left > 0; left -= 1) {
    const { status, body } = await get({ port: stage.port, host: `${web}.localhost` })
    expect(status, body).toBe(200)
    names.push((JSON.parse(body) as { hostname: string }).hostname)
  }
  return names
}

/**
 * Waits until each of them has answered, and nobody else does. HAProxy's roundrobin may give a server
 * that has just come many requests in a row.
 */
async function untilAnswering(containers: readonly Container[]): Promise<void> {
  const all = containers.map(({ hostname }) => hostname)
  const left = new Set(all)
  await stage.until(async () => {
    const [answered = ''] = await hostnames(1)
    expect(all).toContain(answered)
    left.delete(answered)
    return left.size === 0
  }, `all ${all.length} answer`)
}

const pidOf = async (container: Container): Promise<number> => {
  const path = `/containers/${container.id}/json`
  return (await second.docker.get<{ State: { Pid: number } }>(path)).State.Pid
}

describe('two Docker daemons', () => {
  it('serve containers of one name side by side, the remote one at its published port', async () => {
    const otherName = stage.name('host')
    await open(otherName)
    const [here, there] = await startPair()
    const hidden = await stage.startContainer({ service: web }, second.docker)
    await stage.up('--docker', local, '--docker', second.url)
    await stage.untilServing(web, 2)
    const [near, far] = [await endpoints()].flatMap((all) => [
      all.find((each) => each.node !== otherName),
      all.find((each) => each.node === otherName),
    ])
    const { Name: ownName } = await stage.docker.get<{ Name: string }>('/info')
    expect(near).toMatchObject({
      id: `${ownName}:${here.name}:80`,
      address: await stage.addressOf(here),
      port: 80,
    })
    expect(far).toMatchObject({ id: `${otherName}:${here.name}:80`, address: second.address })
    expect(far?.port).not.toBe(80)
    await untilAnswering([here, there])
    expect((await stage.status()).leftOut).toContainEqual(
      expect.objectContaining({
        name: hidden.name,
        node: otherName,
        reason: expect.stringContaining('not published'),
        hint: expect.stringContaining('docker run -p'),
      }),
    )
  })

  it('that give themselves one name are told apart by the names of --docker', async () => {
    const { Name: sameName } = await stage.docker.get<{ Name: string }>('/info')
    await open(sameName)
    const [here, there] = await startPair()
    const daemon = await stage.up('--docker', local, '--docker', second.url)
    // Without names the younger one's claim is refused, and that is on show.
    await stage.untilServing(web, 1)
    await stage.until(
      async () =>
        (await stage.status()).problems.some((each) => each.what.includes(`${here.name}:80`)),
      'the problem is on show',
    )
    expect(await hostnames(2)).toEqual([here.hostname, here.hostname])
    await end(daemon, 'SIGTERM')
    await stage.up('--docker', `near=${local}`, '--docker', `far=${second.url}`)
    await stage.untilServing(web, 2)
    expect((await endpoints()).map((each) => each.id).toSorted()).toEqual([
      `far:${here.name}:80`,
      `near:${here.name}:80`,
    ])
    await untilAnswering([here, there])
  })

  it('do not need each other: what a dead one said last stays, and is repaired on its return', async () => {
    await open(stage.name('host'))
    const [here, there] = await startPair()
    const lost = await stage.startContainer({ service: web, publish: true }, second.docker)
    await stage.up('--docker', local, '--docker', second.url)
    await stage.untilServing(web, 3)
    const { reloads } = (await stage.status()).haproxy
    const lostPid = await pidOf(lost)
    const host = `${web}.localhost`
    const load = new Load({ port: stage.port, perSecond: 50, host, service: web })

    await second.kill()
    await stage.until(async () => (await source())?.state === 'connecting', 'its end is noticed')
    await stage.until(async () => (await source())?.error !== '', 'the reason is on show')
    const shown = await stage.ask('status')
    expect(shown.stdout).toContain(second.url)
    expect(shown.stdout).toMatch(/does not answer since/)
    expect(await endpoints()).toHaveLength(3)
    await untilAnswering([here, there, lost])
    // Nobody tells of this death: HAProxy finds it out itself.
    await second.killProgram(lostPid)
    const added = await stage.startContainer({ service: web })
    await stage.until(
      async () => (await hostnames(8)).includes(added.hostname),
      'the first daemon is followed all the while',
    )
    expect(await endpoints()).toHaveLength(4)

    await second.start()
    await stage.until(async () => (await source())?.state === 'connected', 'it is connected again')
    await stage.untilServing(web, 3)
    expect((await endpoints()).map((each) => each.candidate)).not.toContain(lost.name)
    await untilAnswering([here, there, added])
    expect((await load.stop()).failures).toEqual([])
    expect((await stage.status()).haproxy.reloads).toBe(reloads)
  })
})
