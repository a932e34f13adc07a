import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reloadMaster } from './reload.ts'

type Said = { readonly pid: number; readonly reloads: number; readonly worker: number }

describe('a reload that a restart comes between', () => {
  let folder: string
  let masterSocket: string
  let server: Server
  /** What `show proc` says before and after the connection of the reload is cut. */
  let before: Said
  let after: Said

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-reload-'))
    masterSocket = join(folder, 'master.sock')
    let isCut = false
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (data) => {
        if (data.toString() === 'reload\n') {
          isCut = true
          socket.destroy()
        } else socket.end(processes(isCut ? after : before))
      })
    })
    server.listen(masterSocket)
    await once(server, 'listening')
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  })

  const reload = () =>
    reloadMaster({
      masterSocket,
      logPath: undefined,
      isAlive: () => true,
      workerPid: before.worker,
    })

  it('is done where the master counts one more', async () => {
    before = { pid: 1, reloads: 3, worker: 10 }
    after = { pid: 1, reloads: 4, worker: 11 }
    expect(await reload()).toMatchObject({ reloads: 4, workers: [11] })
  })

  it.each([
    ['another pid', { pid: 20, reloads: 0, worker: 21 }],
    ['the same pid, as in a container', { pid: 1, reloads: 0, worker: 10 }],
  ])('ends at once where the next master has %s', async (_what, next) => {
    before = { pid: 1, reloads: 3, worker: 10 }
    after = next
    await expect(reload()).rejects.toMatchObject({ code: 'haproxy_unreachable' })
  })

  it('ends soon where the next master cannot be told from the one before', async () => {
    before = { pid: 1, reloads: 0, worker: 10 }
    after = before
    await expect(reload()).rejects.toMatchObject({ code: 'haproxy_unreachable' })
  }, 30_000)
})

function processes({ pid, reloads, worker }: Said): string {
  return [
    '#<PID> <type> <reloads> <uptime> <version>',
    `${pid} master ${reloads} 0d00h00m01s 2.6.12`,
    '# workers',
    `${worker} worker 0 0d00h00m01s 2.6.12`,
    '# old workers',
    '# programs',
    '',
  ].join('\n')
}
