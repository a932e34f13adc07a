import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startConsul } from '../support/consul/consul-agent.ts'
import { startFaultProxy } from '../support/consul/fault-proxy.ts'
import type { FaultProxy } from '../support/consul/fault-proxy.ts'
import { idOf } from '../support/container-sketch.ts'
import type { Sketch } from '../support/container-sketch.ts'
import { RegistratorStage } from '../support/registrator/stage.ts'

let stage: RegistratorStage
let proxy: FaultProxy | undefined

beforeAll(async () => {
  stage = await RegistratorStage.open()
})

afterEach(async () => {
  await stage.clear()
  await proxy?.close()
  proxy = undefined
})

afterAll(async () => {
  await stage?.close()
})

/** Its port 80 is published at 8080. */
function web(sketch: Sketch = {}): Sketch {
  return { ports: { '80/tcp': 8080 }, ...sketch }
}

const ip = ['-ip', '10.0.0.9']
const cid = 'c'.repeat(12)

async function proxied(): Promise<{ proxy: FaultProxy; uri: string }> {
  proxy = await startFaultProxy(stage.consul.url)
  return { proxy, uri: `consul://${proxy.address}` }
}

describe('-cleanup', () => {
  const args = [...ip, '-cleanup']

  it('T14 removes at the start what dangles, by names of service and container', async () => {
    stage.put(web())
    const others = [
      'host1:a:81/web',
      'host1:a:80:udp/other',
      'host2:gone:80/web',
      'custom/x',
      'host1:b:80/web',
      'host1:gone:80:tcp/web',
      'host1:ab:http/web',
    ]
    await stage.register(...others, 'host1:gone:80/web')
    const run = stage.start(args)
    await run.until('host1:gone:80 removed')
    await run.until(/^added:/)
    expect(run.lines).toContain('Cleaning up dangling services')
    expect(run.lines.filter((line) => line.startsWith('dangling: '))).toEqual([
      'dangling: host1:gone:80',
    ])
    const kept = others.map((each) => each.split('/')[0] ?? '')
    expect(await stage.ids()).toEqual([...kept, 'host1:a:80'].toSorted())
  })

  it('T14 compares no ports', async () => {
    stage.put(web({ name: 'bb' }))
    await stage.register('host1:bb:81/oldname', 'host1:bb:8080/web')
    const run = stage.start(args)
    await run.until('host1:bb:81 removed')
    await stage.untilIds('host1:bb:80', 'host1:bb:8080')
  })

  it('by id knows its own by their mark, whatever the host was called', async () => {
    stage.put(web())
    const first = stage.start(['-own', ...ip])
    await first.until(/^added:/)
    await first.stop()
    const { Meta } = (await stage.services())['host1:a:80'] ?? {}
    expect(Meta).toMatchObject({
      'fairlead-owner': 'registrator@fake',
      'fairlead-container': idOf({}),
    })
    const old = { ID: 'oldhost:a:80', Name: 'web', Meta }
    await stage.consul.api('PUT', '/v1/agent/service/register', old)
    await stage.register('oldhost:b:80/web')
    const second = stage.start(['-cleanup-by-id', ...ip])
    await second.until('oldhost:a:80 removed')
    await stage.untilIds('host1:a:80', 'oldhost:b:80')
  })
})

describe('-resync', () => {
  it('inspects anew, finds what no event told of, repairs the registry, and is quiet', async () => {
    stage.put(web())
    const run = stage.start([...ip, '-internal', '-resync', '1'])
    await run.until(/^added:/)
    stage.docker.isSilent = true
    stage.put(web({ networks: { bridge: { ip: '172.17.0.99' } } }))
    stage.put({ digit: 'b', name: 'b', exposed: ['81/tcp'], env: ['SERVICE_IGNORE=1'] })
    stage.put(web({ digit: 'd', name: 'd' }))
    await run.until(`added: ${'d'.repeat(12)} host1:d:80`)
    await run.until(`refreshed: ${cid} host1:a:80`)
    expect((await stage.services())['host1:a:80']?.Address).toBe('172.17.0.99')
    expect(run.lines.filter((line) => line.startsWith('ignored:'))).toEqual([])
    await stage.consul.api('PUT', '/v1/agent/service/deregister/host1:a:80')
    await stage.untilIds('host1:a:80', 'host1:d:80')
    await run.until(/^Syncing services on 3 containers/)
    stage.docker.containers.delete('d'.repeat(64))
    await run.until(`removed: ${'d'.repeat(12)} host1:d:80`)
    expect(run.lines.filter((line) => line.startsWith('stale: '))).toEqual([
      `stale: Removing service ${'d'.repeat(64)} because it does not exist`,
    ])
    stage.docker.isSilent = false
  })
})

describe('failures', () => {
  it('of one service keep no other', async () => {
    const { proxy, uri } = await proxied()
    stage.put(
      web({
        env: ['SERVICE_80_CHECK_TTL=soon'],
        ports: { '80/tcp': 8080, '81/tcp': 8081 },
      }),
    )
    const run = stage.start(ip, uri)
    await run.until(`added: ${cid} host1:a:81`)
    await run.until(/^register failed: .*"ID":"host1:a:80"/)
    await run.until(/^sync register failed: .*"ID":"host1:a:80"/)
    expect(await stage.ids()).toEqual(['host1:a:81'])
    expect(proxy.count('/v1/agent/service/register')).toBeGreaterThanOrEqual(3)
  })

  it('of what Consul takes no meta for keep nothing else, and are said', async () => {
    stage.put(web({ env: ['SERVICE_A.B=1', 'SERVICE_ZONE=x', "SERVICE_CHECK_SCRIPT=it's"] }))
    const run = stage.start([...ip, '-clean-meta'])
    await run.until(/^register failed: .*enable_script_checks/)
    stage.put(web({ digit: 'b', name: 'b', env: ['SERVICE_A.B=1', 'SERVICE_ZONE=x'] }))
    stage.docker.emit('start', 'b'.repeat(64))
    await stage.untilIds('host1:b:80')
    expect((await stage.services())['host1:b:80']?.Meta).toEqual({ zone: 'x' })
    expect(run.lines.filter((line) => line.startsWith('note: '))).toEqual([
      `note: ${cid} container a, attribute "a.b" is left out: Consul takes letters, digits, - and _ in meta keys`,
      `note: ${cid} container a, attribute check_script has a quote that is not closed, so it is not split`,
      expect.stringMatching(/^note: b{12} container b, attribute "a.b" is left out: /),
    ])
  })

  it('of the registry at the start are tried again as often as told, then end with 1', async () => {
    const { proxy, uri } = await proxied()
    const heal = proxy.inject('/v1/status/leader', { kind: 'status', status: 500 })
    const args = ['-retry-attempts', '2', '-retry-interval', '1']
    const failing = stage.start([...ip, ...args], uri)
    expect(await failing.exit).toBe(1)
    const tries = failing.lines.filter((line) => line.startsWith('Connecting'))
    expect(tries).toEqual([0, 1, 2].map((at) => `Connecting to backend (${at}/2)`))
    const patient = stage.start([...ip, '-retry-attempts', '-1', '-retry-interval', '5'], uri)
    await patient.until('Connecting to backend (3/-1)')
    heal()
    await patient.until(/^Syncing/)
  })

  it('of Docker at the start end with 1', async () => {
    stage.docker.isFrozen = true
    stage.docker.dropAll()
    const url = `unix://${stage.docker.socketPath}.gone`
    const { RegistratorRun } = await import('../support/registrator/run-registrator.ts')
    const run = new RegistratorRun([`consul://${stage.consul.address}`], url)
    expect(await run.exit).toBe(1)
    expect(run.lines.at(-2)).toBe('Listening for Docker events ...')
    stage.docker.isFrozen = false
  })

  it('of the connection to Docker are got over: what ended meanwhile goes, what started comes', async () => {
    stage.put(web())
    const run = stage.start(ip)
    await run.until(/^added:/)
    stage.docker.containers.delete(idOf({}))
    stage.put(web({ digit: 'b', name: 'b' }))
    stage.docker.dropAll()
    await run.until(`stale: Removing service ${idOf({})} because it does not exist`)
    await stage.untilIds('host1:b:80')
    expect(run.lines.filter((line) => line.startsWith('Docker '))).toEqual([
      expect.stringMatching(/^Docker does not answer, trying again: /),
      'Docker answers again',
    ])
  })

  it('of an agent that comes back without its state are repaired', async () => {
    stage.put(web())
    stage.put(web({ digit: 'b', name: 'b' }))
    const run = stage.start(ip)
    await run.until(/^added:/, 2)
    await stage.consul.kill()
    await stage.consul.startEmpty()
    await stage.untilIds('host1:a:80', 'host1:b:80')
  })

  it('while the agent is away are made good when it is back', async () => {
    stage.put(web())
    const run = stage.start(ip)
    await run.until(/^added:/)
    await stage.consul.stop()
    stage.docker.die(idOf({}))
    stage.run(web({ digit: 'b', name: 'b' }))
    stage.run(web({ digit: 'd', name: 'd' }))
    stage.docker.die('d'.repeat(64))
    await run.until(/^registry does not answer/)
    await stage.consul.start()
    await stage.untilIds('host1:b:80')
    expect(run.lines.filter((line) => line.includes('host1:d:80'))).toEqual([])
  })
})

it('needs no more of an ACL token than to write services', async () => {
  const consul = await startConsul({ acl: true })
  try {
    const rules = 'service_prefix "" { policy = "write" }'
    await consul.api('PUT', '/v1/acl/policy', { Name: 'registrator', Rules: rules })
    const policies = { Policies: [{ Name: 'registrator' }] }
    const { body } = await consul.api<{ SecretID: string }>('PUT', '/v1/acl/token', policies)
    const environment = { CONSUL_HTTP_TOKEN: body.SecretID }
    stage.put(web({ state: { Health: { Status: 'healthy' } } }))
    const args = [...ip, '-health', '-cleanup-by-id', '-deregister-on', 'drain']
    const run = stage.start(args, `consul://${consul.address}`, environment)
    await run.until(`added: ${cid} host1:a:80`)
    stage.docker.emit('kill', idOf({}), { signal: '15' })
    await run.until(/^maintenance:/)
    stage.docker.die(idOf({}))
    await run.until(/^removed:/)
    const nobody = stage.start(ip, `consul://${consul.address}`)
    stage.run(web())
    await nobody.until(/^register failed: .*(Permission denied|403)/)
    await run.stop()
    await nobody.stop()
  } finally {
    await consul.close()
  }
})
