import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { waitUntil } from '../../test/support/wait-until.ts'
import { tagTemplate } from './tags.ts'

const releases: (() => void)[] = []
afterEach(() => {
  for (const release of releases.splice(0)) release()
})

async function urlOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  releases.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function lengthOf(url: string): Promise<string> {
  return (await tagTemplate(`{{len (httpGet "${url}")}}`))({})
}

it('gives a template what is at an address', async () => {
  expect(await lengthOf(await urlOf((_request, response) => response.end('zoë')))).toBe('4')
})

it('gives up an answer without an end, and closes its connection', async () => {
  let isClosed = false
  const url = await urlOf((_request, response) => {
    response.on('close', () => (isClosed = true))
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      response.once('drain', more)
    }
    more()
  })
  expect(await lengthOf(url)).toBe('0')
  await waitUntil('the connection is closed', () => isClosed)
})
