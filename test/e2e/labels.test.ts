import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StatusReport } from '../../src/api/contract.ts'
import { get } from './support/load.ts'
import { Stage } from './support/stage.ts'

let stage: Stage
let web: string

beforeEach(async () => {
  stage = await Stage.open()
  web = stage.name('web')
})

afterEach(async () => {
  await stage.close()
})

async function untilSeen(name: string): Promise<StatusReport> {
  let report = await stage.status()
  await stage.until(async () => {
    report = await stage.status()
    const isRouted = report.services.some((each) =>
      each.endpoints.some((one) => one.candidate === name),
    )
    return isRouted || report.leftOut.some((each) => each.name === name)
  }, `${name} is seen`)
  return report
}

describe('labels', () => {
  it('lead host names to services, whatever their case, port and trailing dot', async () => {
    await stage.up()
    const host = `${stage.name('shop')}.example.org`
    await stage.startContainer({
      service: web,
      labels: { 'fairlead.host': `${host.toUpperCase()}.:80, *.${host}` },
    })
    const other = stage.name('other')
    await stage.startContainer({ service: other, labels: { 'fairlead.default': 'true' } })
    await stage.untilServing(web, 1)
    await stage.untilServing(other, 1)
    const service = async (name: string): Promise<string> =>
      (JSON.parse((await get({ port: stage.port, host: name })).body) as { service: string })
        .service
    expect(await service(host)).toBe(web)
    expect(await service(`${host.toUpperCase()}.:8080`)).toBe(web)
    expect(await service(`a.${host}`)).toBe(web)
    expect(await service(`a.b.${host}`)).toBe(other)
    expect(await service('elsewhere.example.org')).toBe(other)
  })

  it('that are mistyped are named, with the nearest right one', async () => {
    await stage.up()
    const container = await stage.startContainer({
      service: web,
      labels: { 'fairlead.hosst': 'x.example.org', 'fairlead.weight': 'heavy' },
    })
    const { problems } = await untilSeen(container.name)
    const text = problems
      .filter((each) => each.where.includes(container.name))
      .map((each) => `${each.where}: ${each.what} ${each.hint}`)
      .join('\n')
    expect(text).toContain('fairlead.hosst')
    expect(text).toMatch(/fairlead\.host\b/)
    expect(text).toContain('heavy')
  })

  it('must say the port where a container has several', async () => {
    await stage.up()
    const left = await stage.startContainer({ service: web, exposedPorts: ['9000/tcp'] })
    const { leftOut } = await untilSeen(left.name)
    expect(leftOut.find((each) => each.name === left.name)?.hint).toContain('fairlead.port')
    const explained = await stage.ask('explain', left.name)
    expect(explained.stdout).toContain('fairlead.port')
    await stage.startContainer({
      service: web,
      exposedPorts: ['9000/tcp'],
      labels: { 'fairlead.port': '80' },
    })
    await stage.until(async () => (await get({ port: stage.port })).status === 200, 'it is routed')
  })

  it('with newlines, quotes and configuration words hurt only themselves', async () => {
    await stage.up()
    const nasty = [
      'x.example.org\nbackend evil',
      'a" b \' c',
      '$HOME',
      '%[src]',
      '-f /etc/passwd',
      '} or { always_true',
      'y'.repeat(60_000),
    ]
    for (const value of nasty) {
      await stage.startContainer({
        service: stage.name('nasty'),
        labels: {
          'fairlead.host': value,
          'fairlead.balance': value,
          'fairlead.check': value,
          'fairlead.slowstart': value,
        },
      })
    }
    const good = await stage.startContainer({ service: web })
    await stage.untilServing(web, 1)
    const answer = await get({ port: stage.port, host: `${web}.localhost` })
    expect(JSON.parse(answer.body)).toMatchObject({ hostname: good.hostname })
    // What came last may wait for the next reload.
    await stage.until(async () => (await stage.status()).isApplied, 'everything is applied')
  })

  it('explain a service, a container and a URL', async () => {
    await stage.up()
    const container = await stage.startContainer({ service: web })
    await stage.untilServing(web, 1)
    for (const subject of [
      web,
      container.name,
      container.id.slice(0, 12),
      `http://${web}.localhost/`,
    ]) {
      const { code, stdout } = await stage.ask('explain', subject)
      expect(code, stdout).toBe(0)
      expect(stdout).toContain('gets requests')
    }
    expect((await stage.ask('explain', 'nobody-knows-it')).code).toBe(1)
  })
})
