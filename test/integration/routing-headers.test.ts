// To stand in test/integration/ (imports are relative to it). Fails on 8dd89df.
import { connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { runRouted, until } from '../support/haproxy-run.ts'
import { serve } from '../support/plain-servers.ts'
import { container, endpoint, routingInput } from '../support/routing.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close()
})

async function setUp() {
  const server = await serve((_request, response) => response.end('ok'))
  open.push(server)
  const labels = { enable: 'true', host: 'shop.test' }
  const at = { address: '127.0.0.1', port: server.port, service: 'shop', labels }
  const haproxy = await runRouted(routingInput([container('shop', endpoint('shop', at))]))
  open.push(haproxy)
  return { server, haproxy }
}

/** Bytes as they are: node's own client would refuse them. */
function send(port: number, bytes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
    socket
      .on('error', reject)
      .on('close', () => resolve())
      .resume()
  })
}

it('does not believe a client that spells X-Forwarded-For with underscores', async () => {
  const { server, haproxy } = await setUp()
  await send(
    haproxy.port,
    'GET / HTTP/1.1\r\nHost: shop.test\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded_For: 6.6.6.7\r\n' +
      'X_Forwarded-Proto: https\r\nX_Other: stays\r\nConnection: close\r\n\r\n',
  )
  await until(() => server.requests.length === 1)
  const headers = server.requests[0]?.headers ?? {}
  expect(Object.keys(headers).filter((name) => /forwarded.*_|_.*forwarded/.test(name))).toEqual([])
  expect(headers['x_other']).toBe('stays')
})

it('logs one entry whatever the Host header holds: no quote ends early, no control character', async () => {
  const { haproxy } = await setUp()
  await send(
    haproxy.port,
    'GET /forged HTTP/1.1\r\nHost: a" "GET /x\u001b[31m\u009b\r\nConnection: close\r\n\r\n',
  )
  // From 3.0 such a host is refused with 400, and the request is not told.
  const isEntry = (line: string): boolean => /\/forged|<BADREQ>/.test(line)
  await until(() => haproxy.output().split('\n').slice(0, -1).some(isEntry))
  const line = haproxy.output().split('\n').find(isEntry) ?? ''
  expect(line).not.toMatch(/[^\x20-\x7e]/)
  expect(line.replaceAll(/\\./g, '').match(/"/g)?.length ?? 0).toBeLessThanOrEqual(4)
})
