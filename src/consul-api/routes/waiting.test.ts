import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { askConsul } from '../../../test/support/consul/consul-api.ts'
import { serveConsulApi, type ConsulApiServer } from '../../../test/support/consul-api-server.ts'
import { sampleCandidate } from '../../../test/support/samples.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { consulApiRoutes } from './routes.ts'

let server: ConsulApiServer
beforeEach(async () => {
  server = await serveConsulApi()
})
afterEach(() => server.close())

const agent = new Agent({ keepAlive: false })

function open(path: string): { sent: ClientRequest; response: Promise<IncomingMessage> } {
  const sent = request(server.url + path, { agent })
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve).on('error', reject)
  })
  // One that is given up ends in an error.
  response.catch(() => undefined)
  sent.end()
  return { sent, response }
}

const waiting = (count: number): Promise<void> =>
  waitUntil(`${count} wait`, () => server.api.waits.count === count)

it('frees the wait of a client who goes, and answers the others', async () => {
  const path = `/v1/health/service/web?index=${Number.MAX_SAFE_INTEGER}`
  const [first, second] = [open(path), open(path)]
  await waiting(2)
  first.sent.destroy()
  await waiting(1)
  second.sent.destroy()
  await waiting(0)
})

it('answers hundreds who wait for one change, and lets those of another wait on', async () => {
  const index = server.api.catalog.indexOf('web', true)
  const mine = Array.from({ length: 200 }, () => open(`/v1/health/service/web?index=${index}`))
  const others = Array.from({ length: 100 }, () => open(`/v1/health/service/other?index=${index}`))
  await waiting(300)
  await askConsul(server.url, 'PUT', '/v1/agent/service/register', { Name: 'web' })
  const answers = await Promise.all(mine.map(({ response }) => response))
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
  for (const answer of answers) answer.resume()
  expect(server.api.waits.count).toBe(100)
  for (const { sent } of others) sent.destroy()
  await waiting(0)
})

it('answers who waits for a service when Docker says that a container of it came', async () => {
  const index = server.api.catalog.indexOf('web', true)
  const { response } = open(`/v1/health/service/web?index=${index}`)
  await waiting(1)
  server.registry.accept({
    source: 'docker:pi1',
    isComplete: false,
    upserts: [sampleCandidate()],
    removals: [],
    cause: 'start web-1',
    eventAtMs: undefined,
  })
  const answer = await response
  expect(Number(answer.headers['x-consul-index'])).toBeGreaterThan(index)
  answer.resume()
})

it('answers who waits when it ends', async () => {
  const { response } = open(`/v1/kv/a?index=${Number.MAX_SAFE_INTEGER}`)
  await waiting(1)
  await server.api.stop()
  expect((await response).statusCode).toBe(404)
})

it('takes the limit of silence off a connection while its query waits', async () => {
  const app = consulApiRoutes(server.api)
  const release = vi.fn()
  const hold = vi.fn(() => release)
  const at = (path: string): Promise<Response> => Promise.resolve(app.request(path, {}, { hold }))
  await at('/v1/catalog/nodes')
  expect(hold).not.toHaveBeenCalled()
  const answer = at(`/v1/catalog/nodes?index=${Number.MAX_SAFE_INTEGER}`)
  await waiting(1)
  expect([hold.mock.calls.length, release.mock.calls.length]).toEqual([1, 0])
  server.api.waits.close()
  await answer
  expect(release).toHaveBeenCalledOnce()
})

it('takes a value that comes in pieces, without a length', async () => {
  const sent = request(`${server.url}/v1/kv/a`, { method: 'PUT', agent })
  const response = new Promise<IncomingMessage>((resolve) => sent.on('response', resolve))
  for (const piece of ['one ', 'two ', 'three']) sent.write(piece)
  sent.end()
  expect((await response).statusCode).toBe(200)
  const { body } = await askConsul(server.url, 'GET', '/v1/kv/a?raw')
  expect(body).toBe('one two three')
})

it('answers the question for a key and that for all under a prefix each for itself', async () => {
  await askConsul(server.url, 'PUT', '/v1/kv/under%20a', 'one')
  await askConsul(server.url, 'PUT', '/v1/kv/a', 'two')
  const keysOf = async (path: string): Promise<string[]> => {
    const response = await fetch(server.url + path)
    return ((await response.json()) as { Key: string }[]).map(({ Key }) => Key)
  }
  expect(await keysOf('/v1/kv/a?recurse')).toEqual(['a'])
  expect(await keysOf('/v1/kv/under%20a')).toEqual(['under a'])
})
