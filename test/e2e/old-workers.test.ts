import { createServer, request, type Server } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { showOldWorkers } from '../../src/haproxy/runtime/master.ts'
import { Stage } from './support/stage.ts'

let stage: Stage
let server: Server
let port = 0

beforeEach(async () => {
  stage = await Stage.open({ hasImage: false })
  server = createServer((_, response) => response.end('hello'))
  // Says what it is sent, as a WebSocket would, for as long as the client likes.
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' ? (address?.port ?? 0) : 0
})

afterEach(async () => {
  await stage.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** A service of its own: a backend that only a reload brings, before HAProxy 3.4. */
async function register(name: string): Promise<void> {
  const body = { ID: name, Name: name, Address: '127.0.0.1', Port: port }
  const { status } = await stage.api('PUT', '/v1/agent/service/register', {
    ...body,
    Meta: { fairlead_enable: 'true', fairlead_host: `${name}.test` },
  })
  expect(status).toBe(200)
}

type Tunnel = { isOpen: boolean; readonly says: (word: string) => Promise<boolean>; close(): void }

/** An upgraded connection through HAProxy. */
function openTunnel(host: string): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    const headers = { Host: host, Connection: 'Upgrade', Upgrade: 'echo' }
    const outgoing = request({ host: '127.0.0.1', port: stage.port, headers })
    outgoing.on('error', reject)
    outgoing.on('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)))
    outgoing.on('upgrade', (_, socket) => {
      const tunnel: Tunnel = {
        isOpen: true,
        says: (word) =>
          new Promise((answered) => {
            if (!tunnel.isOpen) return answered(false)
            socket.once('data', (text: Buffer) => answered(text.toString() === word))
            socket.once('close', () => answered(false))
            socket.write(word)
          }),
        close: () => socket.destroy(),
      }
      socket.on('error', () => socket.destroy())
      socket.on('close', () => (tunnel.isOpen = false))
      resolve(tunnel)
    })
    outgoing.end()
  })
}

async function isRouted(name: string): Promise<boolean> {
  const { services, isApplied } = await stage.status()
  const service = services.find((each) => each.name === name)
  return isApplied && service?.endpoints[0]?.haproxyStatus.startsWith('UP') === true
}

const oldWorkers = () => showOldWorkers(join(stage.stateFolder, 'master.sock'))

it('cuts long connections by their age alone, and bounds the workers by waiting', async () => {
  const mostOld = 3
  // Longer than what is done before the oldest worker is to be cut.
  const ageMs = 25_000
  const bounds = ['--old-workers', String(mostOld), '--hard-stop', `${ageMs}ms`]
  await stage.up('--docker', 'none', '--reload-interval', '0s', ...bounds)
  await register('first')
  await stage.until(() => isRouted('first'), 'the first service is routed')
  const tunnels: Tunnel[] = []
  const reloadsAtStart = (await stage.status()).haproxy.reloads
  const startedAt = performance.now()
  for (let count = 1; count <= mostOld; count += 1) {
    tunnels.push(await openTunnel('first.test'))
    await register(`more-${count}`)
    await stage.until(() => isRouted(`more-${count}`), `service ${count} is routed`)
  }
  tunnels.push(await openTunnel('first.test'))
  expect(await oldWorkers()).toHaveLength(mostOld)

  // One more would end the oldest by its count: it waits, and says so.
  await register('late')
  await stage.until(
    async () => JSON.stringify((await stage.status()).problems).includes('a reload waits'),
    'the reload is told to wait',
  )
  expect(await Promise.all(tunnels.map((each, at) => each.says(`word ${at}`)))).toEqual(
    tunnels.map(() => true),
  )
  expect((await stage.status()).haproxy.reloads - reloadsAtStart).toBe(mostOld)
  expect((await stage.api('GET', '/readyz')).status).toBe(200)

  // What commands can do goes on meanwhile.
  await stage.api('PUT', '/v1/agent/service/maintenance/first?enable=true')
  await stage.until(async () => {
    const { services } = await stage.status()
    const first = services.find((each) => each.name === 'first')?.endpoints[0]
    return first?.haproxyStatus.startsWith('DRAIN') === true
  }, 'the first service is drained')
  expect((await stage.status()).haproxy.reloads - reloadsAtStart).toBe(mostOld)
  await stage.api('PUT', '/v1/agent/service/maintenance/first?enable=false')

  // The oldest is cut by its age, and the reload done.
  await stage.until(() => isRouted('late'), 'the late service is routed', 60_000)
  expect(performance.now() - startedAt).toBeGreaterThan(ageMs)
  expect(tunnels[0]?.isOpen).toBe(false)
  expect(await tunnels.at(-1)?.says('still here')).toBe(true)
  expect((await oldWorkers()).length).toBeLessThanOrEqual(mostOld)
  for (const each of tunnels) each.close()
}, 120_000)

it('makes few reloads of many new services, and one for each that comes alone', async () => {
  await stage.up('--docker', 'none', '--reload-interval', '1500ms')
  await register('zero')
  await stage.until(() => isRouted('zero'), 'the first service is routed')
  const before = (await stage.status()).haproxy.reloads
  const startedAt = performance.now()
  for (let count = 1; count <= 30; count += 1) await register(`many-${count}`)
  await stage.until(async () => (await isRouted('many-30')) && isRouted('many-1'), 'all are routed')
  const intervals = Math.ceil((performance.now() - startedAt) / 1500)
  const reloads = (await stage.status()).haproxy.reloads - before
  expect(reloads).toBeGreaterThanOrEqual(1)
  expect(reloads).toBeLessThanOrEqual(intervals + 1)
  const { stdout } = await stage.ask('history', '--json', '-n', '200')
  const changes = JSON.parse(stdout) as { how: string; causes: readonly string[] }[]
  expect(changes.filter(({ how }) => how === 'failed')).toEqual([])
})
