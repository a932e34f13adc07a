import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isAtLeast } from '../../src/haproxy/capabilities.ts'
import { parseBackends, showBackendsCommand } from '../../src/haproxy/runtime/backends.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { RoutedLab } from '../support/routed-lab.ts'
import { waitUntil } from '../support/wait-until.ts'

// From HAProxy 3.4 on a service that comes or goes costs no reload; before, each costs one.

const backendsOf = async (lab: RoutedLab) =>
  parseBackends((await lab.tell(showBackendsCommand()))[0] ?? '')
const host = (name: string) => ({ headers: { host: `${name}.localhost` } })

describe.each(haproxyPrograms())('backends of HAProxy $line', ({ path, version }) => {
  const isDynamic = isAtLeast(version, 3, 4)
  const how = isDynamic ? 'runtime' : 'reload'
  let lab: RoutedLab

  beforeEach(async () => {
    lab = await RoutedLab.open(path)
  })

  afterEach(() => lab.close())

  it(`a new service is there by ${how}, and answers under its host`, async () => {
    await lab.apply([])
    const { workerPid } = lab.haproxy
    const shop = await lab.container('shop', { service: 'shop' })
    expect((await lab.apply([shop.candidate])).how).toBe(how)
    expect((await lab.ask(host('shop'))).body).toBe('shop')
    const api = await lab.container('api', {
      service: 'api',
      labels: { check: '/up', balance: 'leastconn' },
    })
    expect((await lab.apply([shop.candidate, api.candidate])).how).toBe(how)
    expect((await lab.ask(host('api'))).body).toBe('api')
    expect(lab.haproxy.workerPid === workerPid).toBe(isDynamic)
    // The check asks for the path that the map has, under the service's host.
    await waitUntil('a check', () => api.server.requests.some(({ url }) => url === '/up'))
    const check = api.server.requests.find(({ url }) => url === '/up')
    expect(check?.headers.host).toBe('api.localhost')
  })

  it(`a service that has gone is ended by ${how}, when its time is over`, async () => {
    const shop = await lab.container('shop', { service: 'shop' })
    const api = await lab.container('api', { service: 'api' })
    await lab.apply([shop.candidate, api.candidate])
    const { workerPid } = lab.haproxy
    expect((await lab.apply([api.candidate])).how).toBe('runtime')
    expect((await lab.ask(host('shop'))).status).toBe(503)
    expect((await lab.apply([api.candidate], { nowMs: 400_000 })).how).toBe(how)
    expect([...(await backendsOf(lab)).keys()].toSorted()).toEqual(['fairlead_none', 'svc_api'])
    expect((await lab.ask(host('shop'))).body).toBe('api')
    expect(lab.haproxy.workerPid === workerPid).toBe(isDynamic)
    expect(await lab.applier.checkDrift(lab.last.desired)).toEqual([])
  })

  it('what was made without a reload is in the file, for the next one', async () => {
    await lab.apply([])
    const shop = await lab.container('shop', { service: 'shop' })
    await lab.apply([shop.candidate])
    const before = lab.haproxy.workerPid
    await lab.haproxy.reload()
    expect(lab.haproxy.workerPid).not.toBe(before)
    expect((await lab.ask(host('shop'))).body).toBe('shop')
    expect(await lab.applier.checkDrift(lab.last.desired)).toEqual([])
  })

  it('a fairlead that starts anew finds all as it should be', async () => {
    await lab.apply([])
    const shop = await lab.container('shop', { service: 'shop' })
    await lab.apply([shop.candidate])
    await lab.restartFairlead()
    expect((await lab.applier.applyDesired(lab.last.desired)).how).toBe('none')
  })
})

const dynamic = haproxyPrograms().filter(({ version }) => isAtLeast(version, 3, 4))

describe.each(dynamic)('backends made at runtime by HAProxy $line', ({ path }) => {
  let lab: RoutedLab

  beforeEach(async () => {
    lab = await RoutedLab.open(path)
    await lab.apply([])
  })

  afterEach(() => lab.close())

  it('are ended only after the request that they still answer', async () => {
    let finish = (): void => undefined
    const slow = await lab.container('slow', { service: 'slow' }, (_, response) => {
      finish = () => {
        response.setHeader('connection', 'close')
        response.end('done')
      }
    })
    await lab.apply([slow.candidate])
    const { workerPid } = lab.haproxy
    const answer = lab.ask(host('slow'))
    await waitUntil('the request', () => slow.server.requests.length > 0)
    await lab.apply([])
    const result = await lab.apply([], { nowMs: 400_000 })
    expect(result.how).toBe('runtime')
    expect(lab.applier.lingering).toEqual([`svc_slow/node:slow:${slow.server.port}`, 'svc_slow'])
    expect((await backendsOf(lab)).get('svc_slow')).toEqual({ isPublished: false })
    expect(await lab.applier.checkDrift(lab.last.desired)).toEqual([])
    finish()
    expect((await answer).body).toBe('done')
    await waitUntil('its end', () => lab.applier.lingering.length === 0)
    expect((await backendsOf(lab)).has('svc_slow')).toBe(false)
    expect(lab.haproxy.workerPid).toBe(workerPid)
  })

  it('come back while they are still ending', async () => {
    let finish = (): void => undefined
    const slow = await lab.container('slow', { service: 'slow' }, ({ url }, response) => {
      if (url === '/slow') finish = () => response.end('done')
      else response.end('quick')
    })
    await lab.apply([slow.candidate])
    const { workerPid } = lab.haproxy
    const answer = lab.ask({ ...host('slow'), path: '/slow' })
    await waitUntil('the request', () => slow.server.requests.length > 0)
    await lab.apply([])
    await lab.apply([], { nowMs: 400_000 })
    expect(lab.applier.lingering).toHaveLength(2)
    expect((await lab.apply([slow.candidate], { nowMs: 400_000 })).how).toBe('runtime')
    expect((await lab.ask(host('slow'))).body).toBe('quick')
    finish()
    expect((await answer).body).toBe('done')
    expect(lab.applier.lingering).toEqual([])
    expect(lab.haproxy.workerPid).toBe(workerPid)
    expect(await lab.applier.checkDrift(lab.last.desired)).toEqual([])
  })

  it('that somebody deleted, hid or made are repaired without a reload', async () => {
    const [one, two] = [
      await lab.container('one', { service: 'one' }),
      await lab.container('two', { service: 'two' }),
    ]
    await lab.apply([one.candidate, two.candidate])
    const { workerPid } = lab.haproxy
    const { port } = one.server
    const server = `svc_one/node:one:${port}`
    await lab.tell('unpublish backend svc_one', `disable server ${server}`, `del server ${server}`)
    await lab.tell('del backend svc_one', 'unpublish backend svc_two')
    await lab.tell('add backend strange from fairlead', 'publish backend strange')
    await lab.tell('add server strange/x 127.0.0.1:1', 'enable server strange/x')
    expect((await lab.ask(host('one'))).status).toBe(503)
    expect(await lab.applier.checkDrift(lab.last.desired)).toEqual([
      'backend svc_two: published',
      '+ backend svc_one (servers: 1)',
      `backend svc_one: + server node:one:${port} 127.0.0.1:${port}`,
      'backend svc_one: published',
      '- backend strange',
      'backend strange: - server x',
      'backend strange: deleted',
    ])
    expect((await lab.applier.applyDesired(lab.last.desired)).how).toBe('runtime')
    expect((await lab.ask(host('one'))).body).toBe('one')
    expect((await lab.ask(host('two'))).body).toBe('two')
    await waitUntil('its end', () => lab.applier.lingering.length === 0)
    expect(await lab.applier.checkDrift(lab.last.desired)).toEqual([])
    expect(lab.haproxy.workerPid).toBe(workerPid)
  })

  it('a hundred at once, and as many gone', async () => {
    const web = await lab.container('web', { service: 'web' })
    const { workerPid } = lab.haproxy
    const all = Array.from({ length: 100 }, (_, index) =>
      lab.at(`s${index}`, web.server.port, { service: `s${index}` }),
    )
    expect((await lab.apply(all)).how).toBe('runtime')
    expect((await lab.ask(host('s77'))).body).toBe('web')
    await lab.apply([])
    expect((await lab.apply([], { nowMs: 400_000 })).how).toBe('runtime')
    await waitUntil('the end of all', () => lab.applier.lingering.length === 0)
    expect([...(await backendsOf(lab)).keys()]).toEqual(['fairlead_none'])
    expect(lab.haproxy.workerPid).toBe(workerPid)
  })
})
