import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AgentService, HealthCheck } from '../../src/consul/types.ts'
import { startConsul } from '../support/consul/consul-agent.ts'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import { idOf, inspect } from '../support/container-sketch.ts'
import type { Sketch } from '../support/container-sketch.ts'
import { FakeDocker } from '../support/fake-docker.ts'
import { cases } from '../support/registrator/cases.ts'
import { RegistratorRun } from '../support/registrator/run-registrator.ts'

let consul: ConsulAgent
let docker: FakeDocker
let run: RegistratorRun | undefined

beforeAll(async () => {
  consul = await startConsul()
  docker = new FakeDocker()
  await docker.start()
})

afterEach(async () => {
  expect(await run?.stop()).toBe(0)
  run = undefined
  docker.containers.clear()
  for (const id of Object.keys(await services())) {
    await consul.api('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`)
  }
})

afterAll(async () => {
  await docker?.stop()
  await consul?.close()
})

async function services(): Promise<Record<string, AgentService>> {
  return (await consul.api<Record<string, AgentService>>('GET', '/v1/agent/services')).body
}

function put(sketch: Sketch): void {
  const id = idOf(sketch)
  docker.containers.set(id, { id, name: sketch.name ?? 'a', inspect: inspect(sketch) })
}

function start(...args: readonly string[]): RegistratorRun {
  run = new RegistratorRun([...args, `consul://${consul.address}`], docker.url)
  return run
}

/** `id | name | address:port | tags | meta`, one a service. */
async function rows(): Promise<string[]> {
  return Object.values(await services())
    .map(({ ID, Service, Address, Port, Tags, Meta }) =>
      [ID, Service, `${Address}:${Port}`, JSON.stringify(Tags ?? []), metaText(Meta ?? {})].join(
        ' | ',
      ),
    )
    .toSorted()
}

function metaText(meta: Readonly<Record<string, string>>): string {
  const entries = Object.entries(meta).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([key, value]) => `${key}=${value}`).join(' ')
}

describe('what arrives in Consul', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    for (const sketch of each.containers) put(sketch)
    const ip = each.isWithoutIp === true ? [] : ['-ip', '10.0.0.9']
    const running = start(...ip, ...(each.args ?? []))
    for (const { id } of each.services) await running.until(new RegExp(`^added: \\w{12} ${id}$`))
    for (const line of each.lines ?? []) await running.until(line)
    const wanted = each.services.map(({ id, name, at, tags, meta }) =>
      [id, name, at, JSON.stringify(tags ?? []), metaText(meta ?? {})].join(' | '),
    )
    expect(await rows()).toEqual(wanted.toSorted())
    const said = running.lines.filter((line) => /^(ignored:|Label|unable)/.test(line))
    expect(said.toSorted()).toEqual([...(each.lines ?? [])].toSorted())
  })

  it('T11 the check as Consul has it', async () => {
    const each = cases.find(({ name }) => name.startsWith('T11'))
    for (const sketch of each?.containers ?? []) put(sketch)
    await start('-ip', '10.0.0.9').until(/^added:/)
    const { body } = await consul.api<HealthCheck[]>('GET', '/v1/health/checks/web')
    expect(body).toMatchObject([{ CheckID: 'service:host1:a:80', Status: 'passing' }])
  })
})
