import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Candidate } from '../../src/model/candidate.ts'
import {
  serversInUse,
  showServerStatisticsCommand,
} from '../../src/haproxy/runtime/servers-in-use.ts'
import { showServersCommand } from '../../src/haproxy/runtime/servers.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { RoutedLab } from '../support/routed-lab.ts'
import { waitUntil } from '../support/wait-until.ts'

const mark = { reason: 'SIGTERM was sent', sinceMs: 1, untilMs: 9 }

describe.each(haproxyPrograms())('servers in use on HAProxy $line', ({ path }) => {
  let lab: RoutedLab

  beforeEach(async () => {
    lab = await RoutedLab.open(path)
  })

  afterEach(() => lab.close())

  async function portsInUse(): Promise<readonly number[]> {
    const [servers = '', statistics = ''] = await lab.tell(
      showServersCommand(),
      showServerStatisticsCommand,
    )
    return serversInUse(servers, statistics).map(({ port }) => port)
  }

  const stopping = (candidate: Candidate): Candidate => ({
    ...candidate,
    endpoints: candidate.endpoints.map((endpoint) => ({ ...endpoint, draining: mark })),
  })

  it('are those that are ready, and one that drains until its last request has ended', async () => {
    let finish = (): void => undefined
    const slow = await lab.container('slow', { service: 'slow' }, (_, response) => {
      finish = () => void response.end('slow')
    })
    const idle = await lab.container('idle', { service: 'idle' })
    await lab.apply([slow.candidate, idle.candidate])
    const { port } = slow.server
    expect(new Set(await portsInUse())).toEqual(new Set([port, idle.server.port]))
    const asked = lab.ask({ headers: { host: 'slow.localhost' } })
    await waitUntil('the request is there', () => slow.server.requests.length === 1)
    await lab.apply([stopping(slow.candidate), stopping(idle.candidate)])
    expect(await portsInUse()).toEqual([port])
    finish()
    expect((await asked).body).toBe('slow')
    await expect.poll(portsInUse, { timeout: 10_000 }).toEqual([])
  })

  it('are also those that drain and whose clients are kept', async () => {
    const { candidate, server } = await lab.container('a', { labels: { sticky: 'cookie' } })
    await lab.apply([candidate])
    expect((await lab.ask()).body).toBe('a')
    await lab.apply([stopping(candidate)])
    expect(await portsInUse()).toEqual([server.port])
    await lab.apply([])
    await expect.poll(portsInUse, { timeout: 10_000 }).toEqual([])
  })
})
