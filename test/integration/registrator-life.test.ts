import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HealthCheck } from '../../src/consul/types.ts'
import { startFaultProxy } from '../support/consul/fault-proxy.ts'
import type { FaultProxy } from '../support/consul/fault-proxy.ts'
import { idOf, inspect } from '../support/container-sketch.ts'
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

async function checkStates(): Promise<string[]> {
  const { body } = await stage.consul.api<Record<string, HealthCheck>>('GET', '/v1/agent/checks')
  return Object.values(body).map(({ CheckID, Status }) => `${CheckID} ${Status}`)
}

describe('starting and ending containers', () => {
  it('come and go with the lines that Registrator writes', async () => {
    const run = stage.start(ip)
    await run.until('Syncing services on 0 containers')
    stage.run(web())
    await run.until(`added: ${cid} host1:a:80`)
    stage.docker.die(idOf({}))
    await run.until(`removed: ${cid} host1:a:80`)
    expect(run.lines.map((line) => line.replace(/ v\S+ \.\.\.|:\/\/\S+|leader .*/, '…'))).toEqual([
      'Starting registrator…',
      'Forcing host IP to 10.0.0.9',
      'Using consul adapter: consul…',
      'Connecting to backend (0/0)',
      'consul: current …',
      'Listening for Docker events ...',
      'Syncing services on 0 containers',
      `added: ${cid} host1:a:80`,
      `removed: ${cid} host1:a:80`,
    ])
    expect(await stage.ids()).toEqual([])
  })

  it('T15 with -deregister on-success go when they ended well or by a signal', async () => {
    const run = stage.start([...ip, '-deregister', 'on-success'])
    await run.until(/^Syncing/)
    const codes = [0, 1, 127, 128, 137, 143, 255]
    for (const code of codes) {
      stage.run(web({ name: `bb${code}` }))
      await run.until(`added: ${cid} host1:bb${code}:80`)
      stage.docker.die(idOf({}), `${code}`)
      await run.until(new RegExp(`^(removed|kept): ${cid} host1:bb${code}:80`))
    }
    const kept = run.lines.filter((line) => line.startsWith('kept: '))
    expect(kept).toEqual([
      `kept: ${cid} host1:bb1:80 (it ended with code 1)`,
      `kept: ${cid} host1:bb127:80 (it ended with code 127)`,
    ])
    expect(await stage.ids()).toEqual(['host1:bb127:80', 'host1:bb1:80'])
  })

  it('T15 with -deregister on-success go when nobody knows how they ended', async () => {
    const run = stage.start([...ip, '-deregister', 'on-success'])
    await run.until(/^Syncing/)
    stage.run(web())
    await stage.untilIds('host1:a:80')
    stage.docker.containers.delete(idOf({}))
    stage.docker.emit('die', idOf({}))
    await run.until(`registrator: container ${cid} was removed, could not fetch exit code`)
    await stage.untilIds()
  })

  it('T15 with -deregister on-success stay when they run again already', async () => {
    const run = stage.start([...ip, '-deregister', 'on-success'])
    await run.until(/^Syncing/)
    stage.run(web())
    await run.until(/^added:/)
    stage.docker.emit('die', idOf({}), { exitCode: '0' })
    await run.until(`registrator: not removing container ${cid}, still running`)
    expect(await stage.ids()).toEqual(['host1:a:80'])
    stage.docker.emit('start', idOf({}))
    stage.docker.die(idOf({}), '0')
    await run.until(/^removed:/)
  })

  it('T15 with -deregister on-success are asked how they ended while Docker was away', async () => {
    stage.put(web())
    stage.put(web({ digit: 'b', name: 'b' }))
    const run = stage.start([...ip, '-deregister', 'on-success'])
    await run.until(/^added:/, 2)
    stage.docker.dropAll()
    stage.docker.isFrozen = true
    stage.put(web({ state: { Running: false, ExitCode: 3 } }))
    stage.docker.containers.delete('b'.repeat(64))
    stage.docker.isFrozen = false
    await run.until(/^removed: b{12}/)
    await run.until(`kept: ${cid} host1:a:80 (it ended with code 3)`)
    expect(run.lines.filter((line) => line.startsWith('stale: '))).toHaveLength(2)
  })

  it('stay with -deregister never', async () => {
    const run = stage.start([...ip, '-deregister', 'never'])
    await run.until(/^Syncing/)
    stage.run(web())
    await stage.untilIds('host1:a:80')
    stage.docker.die(idOf({}))
    await run.until(/^kept: /)
    expect(await stage.ids()).toEqual(['host1:a:80'])
  })

  it('stay registered when the program ends', async () => {
    stage.put(web())
    const run = stage.start(ip)
    await run.until(/^added:/)
    expect(await run.stop()).toBe(0)
    expect(await stage.ids()).toEqual(['host1:a:80'])
  })

  it('are not sent again by the next run where Consul has them as they are wanted', async () => {
    const { proxy, uri } = await proxied()
    stage.put(web({ env: ['SERVICE_TAGS=a,b', 'SERVICE_ZONE=x'] }))
    stage.put(web({ digit: 'b', name: 'b', env: ['SERVICE_CHECK_TTL=1h'] }))
    const first = stage.start(ip, uri)
    await first.until(/^added:/, 2)
    await stage.consul.api('PUT', '/v1/agent/check/pass/service:host1:b:80')
    await first.stop()
    proxy.forget()
    await stage.start(ip, uri).until(/^added:/, 2)
    // One with a check is, since a list does not show checks; the check keeps its state.
    expect(proxy.count('/v1/agent/service/register')).toBe(1)
    expect(await checkStates()).toEqual(['service:host1:b:80 passing'])
  })

  it('are each registered once, two hundred at a time', async () => {
    const { proxy, uri } = await proxied()
    const run = stage.start(ip, uri)
    await run.until(/^Syncing/)
    for (let at = 0; at < 200; at += 1) {
      const id = `${at}`.padStart(64, 'e')
      const said = { ...inspect(web({ name: `w${at}` })), Id: id }
      stage.docker.run({ id, name: `w${at}`, inspect: said })
    }
    await run.until(/^added:/, 200)
    expect((await stage.ids()).length).toBe(200)
    expect(proxy.count('/v1/agent/service/register')).toBe(200)
    expect(proxy.connections.most).toBeLessThanOrEqual(48)
  })
})

it('says -ttl-refresh at its time, for every service', async () => {
  stage.put(web())
  const run = stage.start([...ip, '-ttl', '3', '-ttl-refresh', '1'])
  await run.until(`refreshed: ${cid} host1:a:80`, 2)
})

describe('stopping containers', () => {
  const kill = (): void => stage.docker.emit('kill', idOf({}), { signal: '15' })

  it('go at once with -deregister-on stop', async () => {
    stage.put(web())
    const run = stage.start([...ip, '-deregister-on', 'stop'])
    await run.until(/^added:/)
    kill()
    await stage.untilIds()
  })

  it('are in maintenance with -deregister-on drain', async () => {
    stage.put(web())
    const run = stage.start([...ip, '-deregister-on', 'drain'])
    await run.until(/^added:/)
    kill()
    await run.until(/^maintenance: /)
    expect(await checkStates()).toEqual(['_service_maintenance:host1:a:80 critical'])
    stage.docker.die(idOf({}))
    await stage.untilIds()
  })
})

it('has a HEALTHCHECK as a check with -health', async () => {
  const healthy = web({ state: { Health: { Status: 'healthy' } } })
  stage.put(healthy)
  const run = stage.start([...ip, '-health'])
  await run.until(/^added:/)
  expect(await checkStates()).toEqual(['docker-health:host1:a:80 passing'])
  stage.put(web({ state: { Health: { Status: 'unhealthy' } } }))
  stage.docker.emit('health_status: unhealthy', idOf({}))
  await run.until(/^health: /)
  expect(await checkStates()).toEqual(['docker-health:host1:a:80 critical'])
})

it('has a container only while its HEALTHCHECK passes with -healthy-only', async () => {
  const becomes = (Status: string): void => {
    stage.put(web({ state: { Health: { Status } } }))
    stage.docker.emit(`health_status: ${Status}`, idOf({}))
  }
  stage.put(web({ state: { Health: { Status: 'starting' } } }))
  const run = stage.start([...ip, '-healthy-only', '-meta', 'rack=7'])
  await run.until(`ignored: ${cid} HEALTHCHECK starting`)
  becomes('healthy')
  await run.until(`added: ${cid} host1:a:80`)
  expect((await stage.services())['host1:a:80']?.Meta).toEqual({ rack: '7' })
  becomes('unhealthy')
  await run.until(`removed: ${cid} host1:a:80`)
  expect(await stage.ids()).toEqual([])
  becomes('healthy')
  await run.until(`added: ${cid} host1:a:80`, 2)
})

it('registers a container without a port with -overrides, and knows it again', async () => {
  stage.put({ env: ['SERVICE_PORTS=0', 'SERVICE_NAME=worker'] })
  const { proxy, uri } = await proxied()
  const first = stage.start([...ip, '-overrides'], uri)
  await first.until(`added: ${cid} host1:a:0`)
  expect((await stage.services())['host1:a:0']).toMatchObject({ Address: '10.0.0.9', Port: 0 })
  await first.stop()
  proxy.forget()
  await stage.start([...ip, '-overrides', '-cleanup'], uri).until(`added: ${cid} host1:a:0`)
  expect(proxy.count('/v1/agent/service/register')).toBe(0)
})

it('writes the key-value store for consulkv://', async () => {
  stage.put(web())
  const run = stage.start(ip, `consulkv://${stage.consul.address}/services`)
  await run.until(`added: ${cid} host1:a:80`)
  const key = '/v1/kv/services/web/host1:a:80?raw'
  expect((await stage.consul.api('GET', key)).body).toBe('10.0.0.9:8080')
  expect(run.lines).toContain('path: services/web/host1:a:80')
  stage.docker.die(idOf({}))
  await run.until(/^removed:/)
  expect((await stage.consul.api('GET', key)).status).toBe(404)
})

describe('-tags as a template', () => {
  it('is evaluated for each container', async () => {
    stage.put(web({ labels: { zone: 'b' } }))
    const run = stage.start([...ip, '-tags', '{{.Config.Labels.zone}},{{toUpper .Config.Image}}'])
    await run.until(/^added:/)
    expect((await stage.services())['host1:a:80']?.Tags).toEqual(['ACME/WEB:1.4', 'b'])
  })

  it.each(['{{nope}}', '{{index .Config.Env 7}}'])('%s that fails ends it with 1', async (text) => {
    stage.put(web())
    const run = stage.start([...ip, '-tags', text])
    expect(await run.exit).toBe(1)
    expect(run.lines.at(-1)).toMatch(/^template: /)
  })

  it('that fails leaves out only its container with -skip-bad-tags', async () => {
    stage.put(web({ env: ['A=1'] }))
    stage.put(web({ digit: 'b', name: 'b' }))
    const run = stage.start([...ip, '-skip-bad-tags', '-tags', '{{index .Config.Env 0}}'])
    await run.until(`added: ${cid} host1:a:80`)
    await run.until(/^ignored: b{12} its tags cannot be made: template: /)
    expect(await stage.ids()).toEqual(['host1:a:80'])
  })
})
