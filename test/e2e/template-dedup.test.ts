import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { startFaultProxy, type FaultProxy } from '../support/consul/fault-proxy.ts'
import { TemplateLab, type TemplateProcess, type TemplateRoom } from './support/template-lab.ts'

let lab: TemplateLab
const proxies: FaultProxy[] = []

beforeAll(async () => {
  lab = await TemplateLab.open()
})

beforeEach(async () => {
  await lab.putKey('a', '1')
})

afterEach(async () => {
  await lab.clear()
  for (const proxy of proxies.splice(0)) await proxy.close()
})

afterAll(async () => {
  await lab?.close()
})

type Member = {
  readonly proxy: FaultProxy
  readonly room: TemplateRoom
  readonly process: TemplateProcess
}

const template =
  '{{key "a"}} {{range service "consul"}}{{.Name}} {{.ServiceMeta}}{{end}}{{file "own"}}'

/** A program whose requests are counted by its own proxy; `own` is a file of its machine. */
async function member(own: string): Promise<Member> {
  const proxy = await startFaultProxy(lab.consul.url)
  proxies.push(proxy)
  const room = await lab.room()
  await room.write('a.tpl', template)
  await room.write('own', own)
  await room.write('c.hcl', 'deduplicate { enabled = true prefix = "lead/" ttl = "10s" }')
  lab.address = proxy.url.replace('http://', '')
  const args = ['-log-level', 'info', '-config', 'c.hcl', '-template', 'a.tpl:out']
  return { proxy, room, process: room.start(...args) }
}

const asked = ({ proxy }: Member): number =>
  proxy.count('/v1/kv/a') + proxy.count('/v1/health/') + proxy.count('/v1/catalog/')

const isLeader = ({ process }: Member): boolean => process.stderr.includes('(dedup) leader for')
const shows = async ({ room }: Member, value: string): Promise<void> =>
  room.until(`it shows ${value}`, async () => (await room.file('out')).startsWith(`${value} `))

it('one of two asks Consul, both follow, each with its own files; the other takes over', async () => {
  const first = await member('first')
  await shows(first, '1')
  const second = await member('second')
  await shows(second, '1')
  expect([isLeader(first), isLeader(second)]).toEqual([true, false])
  await lab.putKey('a', '2')
  await shows(first, '2')
  await shows(second, '2')
  const rest = (await first.room.file('out')).replace('first', 'second')
  expect(await second.room.file('out')).toBe(rest)
  expect(asked(first)).toBeGreaterThan(0)
  expect(asked(second)).toBe(0)

  expect(await first.process.end('SIGTERM')).toBe(0)
  await second.room.until('it leads', () => isLeader(second))
  await lab.putKey('a', '3')
  await shows(second, '3')
  expect(asked(second)).toBeGreaterThan(0)

  const third = await member('third')
  await shows(third, '3')
  expect(asked(third)).toBe(0)
  const { body } = await lab.consul.api<readonly string[]>('GET', '/v1/kv/lead/?keys')
  expect(body.map((key) => key.replace(/[0-9a-f]{32}/, 'HASH'))).toEqual([
    'lead/HASH/data',
    'lead/HASH/lock',
  ])
})

it('the other takes over when the leader was killed', async () => {
  const first = await member('first')
  await shows(first, '1')
  const second = await member('second')
  await shows(second, '1')
  await first.process.end('SIGKILL')
  await lab.putKey('a', '2')
  // Consul gives a dead session up after one to two times its time to live.
  await second.room.until('it leads', () => isLeader(second), 60_000)
  await shows(second, '2')
  expect(asked(second)).toBeGreaterThan(0)
})
