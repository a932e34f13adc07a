import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sendReload, showProcesses } from './master.ts'
import { runCommands } from './socket.ts'
import { dialectFor } from './worker-dialects.ts'

describe('the control socket', () => {
  let folder: string
  let path: string
  const releases: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-socket-'))
    path = join(folder, 's')
    releases.push(() => rm(folder, { recursive: true }))
  })

  afterEach(async () => {
    for (const release of releases.splice(0).toReversed()) await release()
  })

  async function listen(onData: (text: string, socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('data', (data) => onData(data.toString(), socket))
    })
    server.listen(path)
    await once(server, 'listening')
    releases.push(() => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    })
  }

  it('puts replies together that come in single bytes', async () => {
    const answer = '\n> \n> \n> [3]: No such server.\n\n> one\ntwo\n\n> '
    let isAsked = false
    await listen((_, socket) => {
      if (isAsked) return
      isAsked = true
      void (async () => {
        for (const byte of answer) {
          socket.write(byte)
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
    })
    expect(await runCommands(path, ['a', 'b', 'c'])).toEqual([
      '',
      '[3]: No such server.',
      'one\ntwo',
    ])
  })

  it('asks until a new address is in use before it sends what comes after', async () => {
    const asked: string[] = []
    await listen((text, socket) => {
      for (const line of text.trim().split('\n')) {
        if (line !== 'prompt' && !line.startsWith('set severity')) asked.push(line)
        const looks = asked.filter((each) => each === 'show servers state app').length
        const address = looks < 3 ? '127.0.0.1' : '127.0.0.2'
        const reply = line.includes(' addr ')
          ? "[4]: IP changed from '127.0.0.1' to '127.0.0.2', no need to change the port by 'x'\n"
          : line.startsWith('show servers')
            ? `1\n# be_id be_name srv_id srv_name srv_addr srv_port\n1 app 1 a ${address} 80\n`
            : ''
        socket.write(`${reply}\n> `)
      }
    })
    const replies = await runCommands(path, [
      'set server app/a addr 127.0.0.2 port 80',
      'set server app/a state ready',
    ])
    expect(replies).toEqual([expect.stringMatching(/^\[4\]: IP changed/), ''])
    expect(asked).toEqual([
      'set server app/a addr 127.0.0.2 port 80',
      ...Array.from({ length: 3 }, () => 'show servers state app'),
      'set server app/a state ready',
    ])
  })

  it('waits for the worker that is meant, and repeats nothing that it has done', async () => {
    // Whose turn it is to take a connection: between two commands an old one comes in between.
    const turns = [8, 9, 9, 8, 8, 9]
    const done: string[] = []
    const workers = new Map<Socket, number>()
    await listen((text, socket) => {
      const pid = workers.get(socket) ?? turns.shift() ?? 9
      workers.set(socket, pid)
      for (const line of text.trim().split('\n')) {
        if (line.startsWith('set server')) done.push(`${pid}: ${line}`)
        const reply = line.includes(' addr ')
          ? "[4]: IP changed from '127.0.0.1' to '127.0.0.2', no need to change the port by 'x'\n"
          : line.startsWith('show servers')
            ? `1\n# be_id be_name srv_id srv_name srv_addr srv_port\n1 app 1 a 127.0.0.2 80\n`
            : line === 'show info'
              ? `Pid: ${pid}\nStopping: 0\nStart_time_sec: 7\n`
              : ''
        socket.write(`${reply}\n> `)
      }
    })
    const commands = ['set server app/a addr 127.0.0.2 port 80', 'set server app/a state ready']
    const dialect = dialectFor({ pid: 9, startedAtSeconds: 7 })
    await runCommands(path, commands, { dialect, otherWorkerMs: 20_000 })
    expect(done).toEqual(commands.map((command) => `9: ${command}`))

    turns.push(8)
    await expect(runCommands(path, commands, { dialect })).rejects.toThrow('worker 9 has gone')
    expect(done).toHaveLength(2)
  })

  it('never has more than a buffer of commands under way', async () => {
    let underWay = 0
    let most = 0
    await listen((text, socket) => {
      underWay += text.length
      most = Math.max(most, underWay)
      setImmediate(() => {
        underWay -= text.length
        socket.write('\n> '.repeat(text.split('\n').length - 1))
      })
    })
    const commands = Array.from(
      { length: 2000 },
      (_, index) => `set server app/s${index} state ready`,
    )
    expect(await runCommands(path, commands)).toHaveLength(2000)
    expect(most).toBeLessThanOrEqual(12_000)
  })

  it('tells nobody, silence and an early end as unreachable', async () => {
    await expect(runCommands(path, ['a'])).rejects.toMatchObject({ code: 'haproxy_unreachable' })
    let mode: 'silent' | 'end' = 'silent'
    await listen((_, socket) => {
      if (mode === 'end') socket.end('\n> \n> ')
    })
    await expect(runCommands(path, ['a'], { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'haproxy_unreachable',
      message: expect.stringContaining('silent'),
    })
    mode = 'end'
    await expect(runCommands(path, ['a'])).rejects.toMatchObject({
      message: expect.stringContaining('after 2 of 3'),
    })
  })

  it('reads the answer of a master that reloads synchronously, as from 3.0', async () => {
    await listen((text, socket) => {
      if (text === 'reload\n')
        socket.end("Success=0\n--\n[ALERT] (1) : config : unknown keyword 'x'\n")
    })
    expect(await sendReload(path, 10_000)).toEqual({
      isDone: false,
      log: "[ALERT] (1) : config : unknown keyword 'x'",
    })
  })

  it('takes the silent answer and the cut connection of a 2.6 master as not known', async () => {
    await listen((_, socket) => socket.end())
    expect(await sendReload(path, 10_000)).toBe(undefined)
  })

  it('tells current workers from old ones in show proc', async () => {
    const text = [
      '#<PID>          <type>          <reloads>       <uptime>        <version>',
      '1162            master          5 [failed: 2]   0d00h02m07s     3.0.11',
      '# workers',
      '1271            worker          1               0d00h00m00s     3.0.11',
      '# old workers',
      '1233            worker          3               1d02h03m43s     3.0.11',
      '# programs',
      '',
    ].join('\n')
    await listen((_, socket) => socket.end(text))
    expect(await showProcesses(path, { patienceMs: 0 })).toEqual({
      masterPid: 1162,
      reloads: 5,
      failed: 2,
      version: '3.0.11',
      workers: [1271],
      oldWorkers: [1233],
      uptimeSeconds: new Map([
        [1271, 0],
        [1233, 93_823],
      ]),
    })
  })
})
