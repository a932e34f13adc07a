import { once } from 'node:events'
import { access, chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTicksOf } from '../../src/support/process-identity.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { constantLoad } from '../support/haproxy-lab.ts'
import { withServer, WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())('what cannot be applied, on HAProxy $line', ({ path }) => {
  let written: WrittenLab
  let before: number

  beforeEach(async () => {
    written = await WrittenLab.open(path)
    expect(await written.apply()).toMatchObject({ code: 0 })
    before = await written.workerPid()
  })

  afterEach(() => written.close())

  it('is a text that HAProxy rejects: told by file and line, and nothing changes', async () => {
    const old = await written.text()
    const file = await written.other((text) => text.replace('retries 3', 'retires 3'))
    const line = old.split('\n').findIndex((each) => /retries/.test(each)) + 1
    for (const run of [written.plan(file), written.apply(file)]) {
      const { code, stderr } = await run
      expect(code).toBe(1)
      expect(stderr).toContain(`${file}:${line}: `)
      expect(stderr).toContain('retires')
    }
    expect(await written.text()).toBe(old)
    expect(await written.workerPid()).toBe(before)
  })

  it('is a folder with a mistake in one file: told by that file and its own line', async () => {
    const folder = join(written.lab.folder, 'next.d')
    await mkdir(folder)
    await writeFile(join(folder, '10.cfg'), await written.text())
    await writeFile(join(folder, '20.cfg'), 'backend more\n  balnace first\n')
    const { code, stderr } = await written.plan(folder)
    expect(code).toBe(1)
    expect(stderr).toContain(`${join(folder, '20.cfg')}:2: `)
    const other = await written.plan(join(written.lab.folder, 'empty.d'))
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot read') })
  })

  it('is a text whose new address another program has: no connection is refused meanwhile', async () => {
    const port = await written.lab.webServer('other')
    await written.edit((text) =>
      text.replace('frontend web', `frontend web\n  bind 127.0.0.1:${port}`),
    )
    const load = constantLoad(written.lab.port, 5)
    const { code, stderr } = await written.apply()
    expect(code).toBe(1)
    expect(stderr).toContain(`127.0.0.1:${port} is in use`)
    expect((await load.stop()).failed).toEqual([])
    expect(await written.workerPid()).toBe(before)
    // And it stays to be done, once the address is free.
    expect((await written.plan()).stdout).toContain(`bind 127.0.0.1:${port} added`)
  })

  it('is a reload where only a worker’s socket is known; commands still are', async () => {
    const stage = await WrittenLab.open(path)
    try {
      await stage.supervisor.stop()
      await stage.supervisor.startAlone()
      expect(await stage.apply()).toMatchObject({ code: 0 })
      await stage.edit(withServer('b 127.0.0.1:9 weight 0'))
      expect((await stage.apply()).stdout).toMatch(/applied by \d commands?/)
      await stage.edit((text) => text.replace('retries 3', 'retries 2'))
      expect((await stage.plan()).stdout).toContain('no way to reload is known')
      const { code, stderr } = await stage.apply()
      expect(code).toBe(1)
      expect(stderr).toMatch(/cannot do one\n hint: .*--reload-command/)
    } finally {
      await stage.close()
    }
  })

  it('is not a reload that somebody’s command does', async () => {
    await written.supervisor.stop()
    await written.supervisor.startWithoutSocket()
    expect(await written.apply()).toMatchObject({ code: 0 })
    const more = withServer('b 127.0.0.1:9 weight 0')
    await written.edit((text) => more(text).replace('retries 3', 'retries 2'))
    const how = [written.config, '--reload-command'] as const
    const failed = await written.apply(...how, 'echo not now; exit 3')
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('not now') })
    // Not in part either: what commands could have brought waits for the rest.
    expect((await written.ask('show servers state app'))[0]).not.toMatch(/ app \d+ b /)
    const pidFile = join(written.lab.folder, 'haproxy.pid')
    const done = await written.apply(...how, `kill -USR2 "$(head -n1 ${pidFile})"`)
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect((await written.ask('show servers state app'))[0]).toMatch(/ app \d+ b /)
    expect(await written.plan()).toMatchObject({ code: 0 })
  })

  it('is anything to a socket that is gone, is silent, or answers like no HAProxy', async () => {
    const socket = join(written.lab.folder, 'x.sock')
    const gone = await written.apply(written.config, '--socket', socket)
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOENT') })
    const answers: readonly [string | undefined, RegExp][] = [
      ['HTTP/1.1 400 Bad Request\r\n\r\n', /no HAProxy speaks there/],
      [undefined, /silent for \d+ ms/],
    ]
    for (const [answer, words] of answers) {
      const server = await impostor(socket, answer)
      const { code, stderr } = await written.apply(written.config, '--socket', socket)
      await server.close()
      expect(code).toBe(1)
      expect(stderr).toMatch(words)
      expect(stderr).toContain('--socket PATH')
    }
    expect(await written.workerPid()).toBe(before)
  })

  it('is a second apply while one is under way', async () => {
    const { folder } = written.lab
    const [key = ''] = await readdir(join(folder, 'state', 'applied'))
    const ticks = startTicksOf(process.pid)
    await writeFile(join(folder, 'state', 'applied', key, 'lock'), `${process.pid} ${ticks}\n`)
    await written.edit(withServer('b 127.0.0.1:9 weight 0'))
    const { code, stderr } = await written.apply()
    expect(code).toBe(1)
    expect(stderr).toContain('another fairlead apply to this HAProxy is under way')
  })

  it('is a second apply with another state folder', async () => {
    const lock = `${written.config}.fairlead.lock`
    await expect(access(lock)).rejects.toMatchObject({ code: 'ENOENT' })
    await writeFile(lock, `${process.pid} ${startTicksOf(process.pid)}\n`)
    const { code, stderr } = await written.apply()
    expect(code).toBe(1)
    expect(stderr).toContain('another fairlead apply to this HAProxy is under way')
  })

  it('is anything with a state folder that other users may write to', async () => {
    const state = join(written.lab.folder, 'state')
    await chmod(state, 0o777)
    await written.edit(withServer('b 127.0.0.1:9 weight 0'))
    const { code, stderr } = await written.apply()
    expect(code).toBe(2)
    expect(stderr).toContain(`other users may write to ${state}`)
    expect((await written.ask('show servers state app'))[0]).not.toMatch(/ app \d+ b /)
  })
})

/** Something else than HAProxy on a socket: it gives one answer to everything, or none. */
async function impostor(
  path: string,
  answer: string | undefined,
): Promise<{ close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => answer !== undefined && socket.end(answer))
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
