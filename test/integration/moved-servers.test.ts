import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { DesiredState } from '../../src/model/desired-state.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, get, until } from '../support/haproxy-lab.ts'

describe.each(haproxyPrograms())('a server of HAProxy $line that moves', ({ path }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let applier: Applier

  beforeEach(async () => {
    lab = await HaproxyLab.open(path)
    haproxy = lab.process()
    applier = new Applier({ haproxy, planChanges })
    lab.release(() => applier.close())
  })

  afterEach(() => lab.close())

  function desired(port: number): DesiredState {
    const base = lab.desired([{ name: 'a', port }])
    const config = base.config.replace('backend app\n', 'backend app\n  http-reuse always\n')
    return { ...base, config }
  }

  /** Answers with its name, and `/held` not before it is told to; keeps connections open. */
  async function place(name: string): Promise<{
    readonly port: number
    readonly open: ReadonlySet<Socket>
    readonly held: ServerResponse[]
  }> {
    const open = new Set<Socket>()
    const held: ServerResponse[] = []
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      if (request.url === '/held') held.push(response)
      else response.end(name)
    })
    server.on('connection', (socket: Socket) => {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    lab.release(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    return { port: (server.address() as AddressInfo).port, open, held }
  }

  it('gets no request at its old place, not over connections either that were in use', async () => {
    const [old, next] = [await place('old'), await place('next')]
    await applier.applyDesired(desired(old.port))
    expect(await lab.get()).toBe('old')
    const slow = get(lab.port, { host: 'x.test', path: '/held' })
    await until('the slow request is there', () => old.held.length === 1)
    const result = await applier.applyDesired(desired(next.port))
    expect(result).toMatchObject({ how: 'runtime', problems: [] })
    await until('requests go to the new place', async () => (await lab.get()) === 'next')

    old.held[0]?.end('slow')
    expect(await slow).toBe('slow')
    // From 3.0 what stays open to the old place is of no use there.
    const isUsable = haproxy.version.startsWith('2.')
    await until('nothing is open to it that may be used', () => !isUsable || old.open.size === 0)
    const answers: string[] = []
    for (let count = 0; count < 100; count += 1) answers.push(await lab.get())
    expect(new Set(answers)).toEqual(new Set(['next']))
    expect(await applier.checkDrift(desired(next.port))).toEqual([])
  })
})
