import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import { readRunRecord } from '../../src/haproxy/process/run-record.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, isAlive, until } from '../support/haproxy-lab.ts'

describe.each(haproxyPrograms())('HAProxy $line as a process', ({ path: program }) => {
  let lab: HaproxyLab
  let web: number

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    web = await lab.webServer('a')
    await lab.write(lab.desired([{ name: 'a', port: web }]))
  })

  afterEach(() => lab.close())

  it('runs in a session and process group of its own, with sockets for its owner only', async () => {
    const haproxy = lab.process()
    await haproxy.start()
    expect(await lab.get()).toBe('a')
    const fields = (await readFile(`/proc/${haproxy.masterPid}/stat`, 'utf8'))
      .split(') ')[1]
      ?.split(' ')
    expect(fields?.slice(2, 4)).toEqual([String(haproxy.masterPid), String(haproxy.masterPid)])
    for (const path of [lab.options.masterSocket, lab.options.workerSocket]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    }
    const environment = await readFile(`/proc/${haproxy.workerPid}/environ`, 'utf8')
    expect(environment).not.toContain('VITEST')
    expect(await haproxy.loadedConfig()).toBe(await readFile(haproxy.configPath, 'utf8'))
  })

  it('outlives the process that started it, and is adopted with the same pid', async () => {
    const starter = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        new URL('../support/start-haproxy.ts', import.meta.url).pathname,
        JSON.stringify(lab.options),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const [line] = (await once(starter.stdout, 'data')) as [Buffer]
    const [masterPid, workerPid] = line.toString().trim().split(' ').map(Number)
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    const haproxy = lab.process()
    expect(await haproxy.adopt()).toBe(true)
    expect([haproxy.masterPid, haproxy.workerPid]).toEqual([masterPid, workerPid])
    expect(haproxy).toMatchObject({
      isAdopted: true,
      isTextKnown: true,
      version: lab.options.program.version,
    })
    expect(await lab.get()).toBe('a')

    let exits = 0
    haproxy.onExit(() => (exits += 1))
    process.kill(haproxy.masterPid, 'SIGKILL')
    await until('the end of an adopted HAProxy is noticed', () => exits === 1)
    expect(haproxy.isRunning).toBe(false)
    await haproxy.start()
    expect(await lab.get()).toBe('a')
  })

  it('adopts nothing where nothing runs, also when the record names a living process', async () => {
    expect(await lab.process().adopt()).toBe(false)
    await writeFile(
      lab.options.recordPath,
      JSON.stringify({ masterPid: process.pid, masterStartTicks: 1, workerPid: 1 }),
    )
    expect(await lab.process().adopt()).toBe(false)
  })

  it('adopts by the socket, with its text unknown, when the record is torn or from before a reload', async () => {
    const first = lab.process()
    await first.start()
    const record = await readFile(lab.options.recordPath, 'utf8')
    for (const torn of [
      record.slice(0, 20),
      '',
      JSON.stringify({ ...JSON.parse(record), workerPid: 0 }),
    ]) {
      await writeFile(lab.options.recordPath, torn)
      const next = new HaproxyProcess(lab.options)
      expect(await next.adopt()).toBe(true)
      expect(next.masterPid).toBe(first.masterPid)
      expect(await next.loadedConfig()).toBe(undefined)
      next.close()
    }
    await writeFile(lab.options.recordPath, record)
    const again = new HaproxyProcess(lab.options)
    expect(await again.adopt()).toBe(true)
    expect(again.isTextKnown).toBe(true)
    again.close()
  })

  it('keeps the old worker when a reload fails, and says why', async () => {
    const haproxy = lab.process()
    await haproxy.start()
    const { workerPid } = haproxy
    await writeFile(haproxy.configPath, 'nonsense\n')
    await expect(haproxy.reload()).rejects.toMatchObject({
      code: 'reload_failed',
      message: expect.stringContaining('nonsense'),
    })
    expect(haproxy.workerPid).toBe(workerPid)
    expect(await lab.get()).toBe('a')
    await lab.write(lab.desired([{ name: 'a', port: web }]))
    await haproxy.reload()
    expect(haproxy.workerPid).not.toBe(workerPid)
    expect(haproxy.reloads).toBe(1)
  })

  it('answers every question while it is reloaded, and afterwards by the new worker', async () => {
    const haproxy = lab.process()
    await haproxy.start()
    const ask = async (): Promise<number> => {
      const [info = ''] = await haproxy.execute(['show info'])
      return Number(/^Pid: (\d+)$/m.exec(info)?.[1])
    }
    const over = new AbortController()
    const asking = Array.from({ length: 4 }, async () => {
      let asked = 0
      for (; !over.signal.aborted; asked += 1) expect(await ask()).toBeGreaterThan(0)
      return asked
    })
    for (let count = 0; count < 6; count += 1) {
      await haproxy.reload()
      for (let again = 0; again < 10; again += 1) expect(await ask()).toBe(haproxy.workerPid)
    }
    over.abort()
    for (const asked of await Promise.all(asking)) expect(asked).toBeGreaterThan(6)
  })

  it('says in which line a text is wrong', async () => {
    const path = `${lab.folder}/bad.cfg`
    await writeFile(
      path,
      'defaults\n  mode http\nfrontend f\n  bind 127.0.0.1:1\n  nosuchkeyword x\n  maxconn -1\n',
    )
    const error = await lab
      .process()
      .validate(path)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'config_rejected' })
    expect(error).toHaveProperty(
      'messages',
      expect.arrayContaining([
        expect.objectContaining({
          level: 'alert',
          file: path,
          line: 5,
          text: expect.stringContaining("unknown keyword 'nosuchkeyword'"),
        }),
      ]),
    )
  })

  it('does not start half on a busy address', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    lab.release(() => new Promise((resolve) => other.close(resolve)))
    const { port } = other.address() as AddressInfo
    await lab.write(lab.desired([], { binds: [`127.0.0.1:${port}`] }))
    const haproxy = lab.process()
    await expect(haproxy.start()).rejects.toMatchObject({ code: 'address_in_use' })
    expect(haproxy.isRunning).toBe(false)
    expect(await lab.process().adopt()).toBe(false)
  })

  it('does not start with a text that is wrong, and says why', async () => {
    await writeFile(lab.options.configPath, 'nonsense\n')
    const haproxy = lab.process()
    await expect(haproxy.start()).rejects.toMatchObject({
      code: 'config_rejected',
      message: expect.stringContaining('nonsense'),
    })
    expect(haproxy.isRunning).toBe(false)
  })

  it('ends gracefully: the request under way is answered, and nothing is left', async () => {
    let finish = (): void => undefined
    const told = new Promise<void>((resolve) => (finish = resolve))
    const slow = await lab.webServer('slow', told)
    await lab.write(lab.desired([{ name: 'slow', port: slow }]))
    const haproxy = lab.process()
    await haproxy.start()
    const { masterPid, workerPid } = haproxy
    let exits = 0
    haproxy.onExit(() => (exits += 1))
    const answer = lab.get()
    await until('the request has come in', async () =>
      /,slow,0,0,1,/.test((await haproxy.execute(['show stat']))[0] ?? ''),
    )
    const stopped = haproxy.stop(30_000)
    await until('no more is accepted', () => isRefused(lab.port))
    expect([isAlive(workerPid), exits]).toEqual([true, 0])
    finish()
    expect(await answer).toBe('slow')
    await stopped
    expect([isAlive(masterPid), isAlive(workerPid), exits]).toEqual([false, false, 0])
    expect((await readRunRecord(lab.options.recordPath))?.masterPid).toBe(masterPid)
    await haproxy.stop(5000)
  })

  it('refuses a socket path that the system has no room for', () => {
    const long = `/tmp/${'x'.repeat(100)}.sock`
    expect(() => new HaproxyProcess({ ...lab.options, workerSocket: long })).toThrow(
      expect.objectContaining({ code: 'setting_invalid' }),
    )
  })
})

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}
