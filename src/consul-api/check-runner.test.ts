import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { testCertificate, testKey } from '../../test/support/tls-fixture.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { ManualClock, systemClock } from '../support/clock.ts'
import { CheckRunner } from './check-runner.ts'
import type { CheckKind, CheckResult } from './instance.ts'

type Run = Exclude<CheckKind, { type: 'ttl' }>

const releases: (() => unknown)[] = []
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release()
})

async function portOf(server: Server & { closeAllConnections?(): void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  releases.push(() => {
    server.close()
    server.closeAllConnections?.()
  })
  return (server.address() as AddressInfo).port
}

async function urlOf(answer: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await portOf(createServer(answer))}`
}

function http(url: string, changes: Partial<Extract<Run, { type: 'http' }>> = {}): Run {
  return {
    type: 'http',
    url,
    method: 'GET',
    headers: {},
    body: '',
    isTlsVerified: true,
    intervalMs: 60_000,
    timeoutMs: 10_000,
    ...changes,
  }
}

/** Its results so far; ends with the test. */
function run(runner: CheckRunner, kind: Run): CheckResult[] {
  const results: CheckResult[] = []
  const ending = new AbortController()
  releases.push(() => ending.abort())
  void runner.run(kind, (result) => results.push(result), ending.signal)
  return results
}

async function firstOf(kind: Run): Promise<CheckResult | undefined> {
  const results = run(new CheckRunner(systemClock), kind)
  await waitUntil('a result', () => results.length > 0)
  return results[0]
}

it('believes a certificate only when it can be verified, unless told not to look', async () => {
  const server = createTlsServer({ cert: testCertificate, key: testKey }, (_request, response) =>
    response.end('fine'),
  )
  const url = `https://127.0.0.1:${await portOf(server)}/`
  expect(await firstOf(http(url))).toMatchObject({
    status: 'critical',
    output: expect.stringContaining('certificate'),
  })
  expect(await firstOf(http(url, { isTlsVerified: false }))).toMatchObject({
    status: 'passing',
    output: `HTTP GET ${url}: 200 OK Output: fine`,
  })
})

it('sends the body it was given, and shows four kilobytes of an answer', async () => {
  let body = ''
  const url = await urlOf((request, response) => {
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => response.end('x'.repeat(100_000)))
  })
  const result = await firstOf(http(url, { method: 'POST', body: 'question' }))
  expect(body).toBe('question')
  expect(result?.output).toMatch(/ Output: x{4096}$/)
})

it('gives up who does not answer within the timeout, and who sends for ever', async () => {
  const clock = new ManualClock()
  const silent = await urlOf(() => undefined)
  const endless = await urlOf((_request, response) => void response.write('.'))
  const runner = new CheckRunner(clock)
  const results = [silent, endless].map((url) => run(runner, http(url, { timeoutMs: 1000 })))
  await waitUntil('both are under way', () => runner.underWay === 2)
  await clock.advance(999)
  expect(results.flat()).toEqual([])
  await clock.advance(1)
  await waitUntil('both are given up', () => results.flat().length === 2)
  for (const [result] of results) {
    expect(result).toMatchObject({ status: 'critical', output: expect.stringContaining('in time') })
  }
})

it.each([
  ['ftp://127.0.0.1/', 'unsupported protocol scheme "ftp"'],
  ['no url', 'Invalid URL'],
])('is critical for %s', async (url, why) => {
  expect(await firstOf(http(url))).toMatchObject({
    status: 'critical',
    output: expect.stringContaining(why),
  })
})

it.each([
  ['GET', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ['CONNECT', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['GET', ''],
])('is critical when a %s is answered by %j', async (method, answer) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer))
  })
  const url = `http://127.0.0.1:${await portOf(server)}/`
  expect(await firstOf(http(url, { method }))).toMatchObject({ status: 'critical' })
})

it('sends a Host and a token to the host that it asks, and to no other one that this leads to', async () => {
  const seen: (string | undefined)[] = []
  const elsewhere = await urlOf(({ headers }, response) => {
    seen.push(headers.host, headers.authorization, headers['x-own'] as string)
    response.end()
  })
  const url = await urlOf(({ headers }, response) => {
    seen.push(headers.host, headers.authorization)
    response.writeHead(302, { location: elsewhere }).end()
  })
  const headers = { Host: ['shop.example'], Authorization: ['Bearer secret'], 'X-Own': ['1'] }
  expect((await firstOf(http(url, { headers })))?.status).toBe('passing')
  expect(seen).toEqual(['shop.example', 'Bearer secret', new URL(elsewhere).host, undefined, '1'])
})

it('follows ten redirects and not for ever', async () => {
  const url = await urlOf((_request, response) => {
    response.writeHead(302, { location: '/again' }).end()
  })
  expect((await firstOf(http(url)))?.output).toContain('stopped after 10 redirects')
})

it('asks again after its interval', async () => {
  const clock = new ManualClock()
  const url = await urlOf((_request, response) => response.end())
  const runner = new CheckRunner(clock)
  const results = run(runner, http(url))
  await waitUntil('the first', () => results.length === 1 && runner.underWay === 0)
  await clock.advance(59_999)
  expect(runner.underWay).toBe(0)
  await clock.advance(1)
  await waitUntil('the second', () => results.length === 2)
})

it('has 32 checks under way at most, and the others have their turn', async () => {
  const held: (() => void)[] = []
  let most = 0
  const url = await urlOf((_request, response) => {
    held.push(() => response.end())
    most = Math.max(most, held.length)
  })
  const runner = new CheckRunner(systemClock)
  const results = Array.from({ length: 40 }, () => run(runner, http(url)))
  await waitUntil('32 are under way', () => held.length === 32)
  expect(runner.underWay).toBe(32)
  for (const end of held.splice(0)) end()
  await waitUntil('the rest is under way', () => held.length === 8)
  for (const end of held.splice(0)) end()
  await waitUntil('all have a result', () => results.every((each) => each.length === 1))
  expect(most).toBe(32)
  expect(runner.underWay).toBe(0)
})

it.each([
  ['127.0.0.1', 'no port'],
  ['127.0.0.1:99999', 'no port'],
])('takes %s for no address to connect to', async (address, why) => {
  const tcp: Run = { type: 'tcp', address, intervalMs: 60_000, timeoutMs: 1000 }
  expect(await firstOf(tcp)).toMatchObject({
    status: 'critical',
    output: expect.stringContaining(why),
  })
})
