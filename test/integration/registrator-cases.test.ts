import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HealthCheck } from '../../src/consul/types.ts'
import { cases } from '../support/registrator/cases.ts'
import type { RegistratorCase } from '../support/registrator/cases.ts'
import type { RegistratorRun } from '../support/registrator/run-registrator.ts'
import { RegistratorStage } from '../support/registrator/stage.ts'

let stage: RegistratorStage

beforeAll(async () => {
  stage = await RegistratorStage.open()
})

afterEach(async () => {
  expect(await stage.clear()).toEqual([0])
})

afterAll(async () => {
  await stage?.close()
})

function start(each: RegistratorCase): RegistratorRun {
  for (const sketch of each.containers) stage.put(sketch)
  const ip = each.isWithoutIp === true ? [] : ['-ip', '10.0.0.9']
  return stage.start([...ip, ...(each.args ?? [])])
}

/** `id | name | address:port | tags | meta`, one a service. */
async function rows(): Promise<string[]> {
  return Object.values(await stage.services())
    .map(({ ID, Service, Address, Port, Tags, Meta }) =>
      row([ID, Service, `${Address}:${Port}`], Tags ?? [], Meta ?? {}),
    )
    .toSorted()
}

function row(
  fields: readonly string[],
  tags: readonly string[],
  meta: Readonly<Record<string, string>>,
): string {
  const entries = Object.entries(meta).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const metaText = entries.map(([key, value]) => `${key}=${value}`).join(' ')
  return [...fields, JSON.stringify(tags), metaText].join(' | ')
}

describe('what arrives in Consul', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const running = start(each)
    for (const { id } of each.services) await running.until(new RegExp(`^added: \\w{12} ${id}$`))
    for (const line of each.lines ?? []) await running.until(line)
    const wanted = each.services.map(({ id, name, at, tags, meta }) =>
      row([id, name, at], tags ?? [], meta ?? {}),
    )
    expect(await rows()).toEqual(wanted.toSorted())
    const said = running.lines.filter((line) => /^(ignored:|Label|unable)/.test(line))
    expect(said.toSorted()).toEqual([...(each.lines ?? [])].toSorted())
    const checked = each.services.filter(({ check }) => check !== undefined)
    const { body } = await stage.consul.api<Record<string, HealthCheck>>('GET', '/v1/agent/checks')
    expect(Object.keys(body)).toEqual(checked.map(({ id }) => `service:${id}`))
  })

  it('T11 the state that its check begins in', async () => {
    const each = cases.find(({ name }) => name.startsWith('T11')) as RegistratorCase
    await start(each).until(/^added:/)
    const { body } = await stage.consul.api<Record<string, HealthCheck>>('GET', '/v1/agent/checks')
    expect(body).toMatchObject({ 'service:host1:a:80': { Status: 'passing', ServiceName: 'web' } })
  })
})
