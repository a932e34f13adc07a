import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import {
  ConsulStage,
  consulReport,
  endpointsOf,
  entriesOf,
  metric,
  problemsOf,
  reading,
  registering,
  untilInstances,
} from './support/consul-stage.ts'
import { clusterOf, untilSame } from './support/cluster-stage.ts'
import { end, type Stage } from './support/stage.ts'

let world: ConsulStage
let stage: Stage
let consul: ConsulAgent
let theirs: string
let ours: string

beforeEach(async () => {
  world = await ConsulStage.open()
  stage = world.main
  consul = await world.consul({ acl: true })
  theirs = stage.name('theirs')
  ours = stage.name('ours')
})

afterEach(async () => {
  await world.close()
})

/** A token with these rules. */
async function token(rules: string, Name = 'test'): Promise<string> {
  const policy = await consul.api<{ Name: string }>('PUT', '/v1/acl/policy', {
    Name,
    Rules: rules,
  })
  expect(policy.status).toBe(200)
  const { body } = await consul.api<{ SecretID: string }>('PUT', '/v1/acl/token', {
    Policies: [{ Name }],
  })
  return body.SecretID
}

/** A container that somebody with more rights has registered. */
async function registerTheirs(): Promise<void> {
  const container = await stage.startContainer({
    service: theirs,
    labels: { 'fairlead.enable': 'false' },
  })
  const body = {
    Node: 'elsewhere',
    Address: '127.0.0.1',
    Service: {
      ID: 'theirs',
      Service: theirs,
      Address: await stage.addressOf(container),
      Port: 80,
      Meta: { fairlead_enable: 'true' },
    },
  }
  expect((await consul.api('PUT', '/v1/catalog/register', body)).status).toBe(200)
}

const reads = `
service_prefix "" { policy = "read" }
node_prefix ""    { policy = "read" }
agent_prefix ""   { policy = "read" }`
const writes = reads.replace(
  'service_prefix "" { policy = "read" }',
  'service_prefix "" { policy = "write" }',
)

describe('a Consul that denies what no token allows', () => {
  it('is read and written with the token that the manual names', async () => {
    stage.environment = { CONSUL_HTTP_TOKEN: await token(writes) }
    await registerTheirs()
    await stage.startContainer({ service: ours })
    await stage.up(...registering(consul))
    await stage.untilServing(theirs, 1)
    await stage.untilServing(ours, 1)
    await untilInstances(stage, consul, ours, 1)
    expect(await consulReport(stage)).toMatchObject({ state: 'current', error: '' })
    expect(await stage.log()).not.toContain(stage.environment['CONSUL_HTTP_TOKEN'] ?? 'none')
  })

  it('refuses registrations with a token that may only read: on show, and all is read', async () => {
    stage.environment = { CONSUL_HTTP_TOKEN: await token(reads) }
    await registerTheirs()
    await stage.startContainer({ service: ours })
    await stage.up(...registering(consul))
    await stage.untilServing(theirs, 1)
    await stage.until(
      async () => (await problemsOf(stage)).includes(`the registry refused it`),
      'the refusal is on show',
    )
    expect(await problemsOf(stage)).toContain('403')
    expect((await consulReport(stage)).registrations?.refused).toBeGreaterThan(0)
    expect(await metric(stage, 'fairlead_registrations{state="refused"}')).toBeGreaterThan(0)
    expect((await stage.ask('status')).stdout).toMatch(/\d refused/)
    expect(await entriesOf(consul, ours)).toEqual([])
    expect(await endpointsOf(stage, theirs)).toHaveLength(1)
  })

  it('lets a fairlead that only balances register itself, with the rule that the problem names', async () => {
    const rule = 'service "fairlead" { policy = "write" }'
    stage.environment = { CONSUL_HTTP_TOKEN: await token(reads) }
    const daemon = await stage.up(...reading(consul))
    await stage.until(
      async () => (await problemsOf(stage)).includes(rule),
      'the rule that is missing is on show',
    )
    const { problems } = await stage.status()
    expect(problems.filter(({ where }) => where === 'cluster')).toHaveLength(1)
    expect((await clusterOf(stage)).isSame).toBe(false)
    await end(daemon, 'SIGTERM')
    stage.environment = { CONSUL_HTTP_TOKEN: await token(`${reads}\n${rule}`, 'more') }
    await stage.up(...reading(consul))
    await untilSame(stage, 1)
    expect(await problemsOf(stage)).not.toContain('cluster')
  })

  it.each([
    ['that registers', registering],
    ['that only reads', reading],
  ])('tells nothing without a token, and a fairlead %s says so', async (_what, flags) => {
    await registerTheirs()
    await stage.startContainer({ service: ours })
    await stage.up(...flags(consul))
    await stage.until(
      async () => (await problemsOf(stage)).includes('set CONSUL_HTTP_TOKEN'),
      'what is missing is on show',
    )
    expect(await problemsOf(stage)).toContain('403')
    expect((await stage.status()).services.some(({ name }) => name === theirs)).toBe(false)
  })
})
