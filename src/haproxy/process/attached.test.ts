import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attachHaproxy } from './attached.ts'
import { observe } from './observe.ts'

/** Answers a line; undefined: the connection is cut. */
type Answer = (line: string) => string | undefined

describe('a HAProxy of which a slow machine shows what comes in between', () => {
  let folder: string
  let socket: string
  let server: Server
  let answer: Answer
  let prompt: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-attached-'))
    socket = join(folder, 's')
    server = createServer((connection) => {
      connection.on('error', () => connection.destroy())
      connection.on('data', (data) => reply(connection, data.toString()))
    })
    server.listen(socket)
    await once(server, 'listening')
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  })

  /** As HAProxy does: `;quit` ends the talk, and `prompt` keeps it. */
  function reply(connection: Socket, text: string): void {
    for (const line of text.trim().split('\n')) {
      const said = answer(line)
      if (said === undefined) return void connection.destroy()
      if (line.endsWith(';quit')) return void connection.end(`${said}\n`)
      connection.write(`${said}\n${prompt}`)
    }
  }

  it('is not taken for the worker that our reload has replaced', async () => {
    const reloaded = join(folder, 'reloaded')
    // Who takes each connection afterwards; 8 is the old one.
    const turns = [9, 8, 9, 8]
    prompt = '> '
    answer = (line) =>
      line === 'show info'
        ? info(existsSync(reloaded) ? (turns.shift() ?? 9) : 8)
        : line === 'show cli level'
          ? 'admin\n'
          : line === 'show proc;quit'
            ? 'Unknown command'
            : ''
    const haproxy = await attachHaproxy({
      socket,
      configPath: join(folder, 'haproxy.cfg'),
      recordPath: join(folder, 'attached.json'),
      reloadCommand: ['touch', reloaded],
    })
    expect(haproxy.workerPid).toBe(8)
    await haproxy.reload()
    expect(haproxy.workerPid).toBe(9)
    expect(await haproxy.execute(['show map'])).toEqual([''])
    expect(turns).toEqual([])
  })

  it('is waited for while its worker starts, also where what was asked is cut off', async () => {
    const states = ['cut', 'no worker', 'no master', 'cut', 'there']
    const startedAt = performance.now()
    prompt = 'master> '
    answer = (line) => {
      // Each look begins with this; the first state lasts longer than the patience does.
      if (line === 'show proc;quit') {
        if (performance.now() - startedAt > 2_500 && states.length > 1) states.shift()
        if (states[0] === 'no master') return undefined
        return states[0] === 'no worker' ? master : `${master}9 worker 0 0d00h00m03s 3.4\n`
      }
      if (states[0] === 'cut') return undefined
      if (line.startsWith('show cli level')) return 'admin'
      return line === '@!9 show info' ? info(9) : ''
    }
    const { worker } = await observe(socket, 2_000)
    expect(worker.pid).toBe(9)
    expect(states).toEqual(['there'])
  })
})

const master = '1 master 0 [failed: 0] 0d 3.4\n# workers\n'

function info(pid: number): string {
  return `Pid: ${pid}\nVersion: 3.4\nStopping: 0\nUptime_sec: 1\nStart_time_sec: 7\n`
}
