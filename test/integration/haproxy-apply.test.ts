import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { HaproxyRunner } from '../../src/haproxy/process/runner.ts'
import { showProcesses } from '../../src/haproxy/runtime/master.ts'
import { parseServers } from '../../src/haproxy/runtime/servers.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, constantLoad, get, until } from '../support/haproxy-lab.ts'
import type { LabServer } from '../support/haproxy-lab.ts'
import { SteppingHaproxy } from '../support/stepping-haproxy.ts'

describe.each(haproxyPrograms())('applying to HAProxy $line', ({ path: program }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let applier: Applier
  let a: LabServer
  let b: LabServer

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    haproxy = lab.process()
    applier = newApplier(haproxy)
    a = { name: 'a', port: await lab.webServer('a') }
    b = { name: 'b', port: await lab.webServer('b') }
  })

  afterEach(() => lab.close())

  function newApplier(target: HaproxyRunner, lingerMs = 60_000): Applier {
    const made = new Applier({ haproxy: target, planChanges, lingerMs })
    lab.release(() => made.close())
    return made
  }

  const apply = (...args: Parameters<HaproxyLab['desired']>) =>
    applier.applyDesired(lab.desired(...args))
  const onDisk = () => readFile(haproxy.configPath, 'utf8')
  const reloads = async () =>
    (await showProcesses(lab.options.masterSocket, { patienceMs: 10_000 })).reloads
  const servers = async () =>
    parseServers((await haproxy.execute(['show servers state app']))[0] ?? '')
  const answers = async (count: number) => {
    const bodies: string[] = []
    for (let each = 0; each < count; each += 1) bodies.push(await lab.get())
    return bodies.sort().join('')
  }

  it('starts HAProxy, with the admin states that the text cannot say', async () => {
    const result = await apply([
      a,
      { ...b, admin: 'drain' },
      { name: 'c', port: 9, admin: 'maint' },
    ])
    expect(result).toMatchObject({
      how: 'reload',
      reasons: [{ kind: 'start', text: 'HAProxy was not running' }],
      problems: [],
    })
    const found = await servers()
    expect([...found.values()].map((server) => server.admin)).toEqual(['ready', 'drain', 'maint'])
    expect(await answers(2)).toBe('aa')
    expect(
      await apply([a, { ...b, admin: 'drain' }, { name: 'c', port: 9, admin: 'maint' }]),
    ).toMatchObject({ how: 'none', commands: [] })
  })

  it('adds, drains, re-weights, re-addresses, removes and maps without a reload', async () => {
    await apply([a])
    expect(await apply([a, b])).toMatchObject({ how: 'runtime', problems: [] })
    expect(await answers(4)).toBe('aabb')
    expect(await apply([{ ...a, weight: 3 }, b])).toMatchObject({ how: 'runtime' })
    expect(await answers(8)).toBe('aaaaaabb')
    expect(await apply([{ ...a, weight: 3, admin: 'drain' }, b])).toMatchObject({ how: 'runtime' })
    expect(await answers(2)).toBe('bb')
    expect(await apply([{ ...a, weight: 3, admin: 'maint' }, b])).toMatchObject({ how: 'runtime' })
    expect(await apply([{ ...a, weight: 3 }, b])).toMatchObject({ how: 'runtime' })
    expect(await apply([{ ...a, port: b.port, weight: 3 }, b])).toMatchObject({ how: 'runtime' })
    expect(await answers(2)).toBe('bb')
    expect(await apply([b], { hosts: 'x.test other\ny.test app\n' })).toMatchObject({
      how: 'runtime',
    })
    expect(await lab.get({ host: 'X.test' })).toBe('other')
    expect(await lab.get({ host: 'y.test' })).toBe('b')
    await until('the server is deleted', () => applier.lingering.length === 0)
    expect([...(await servers()).keys()]).toEqual(['app/b'])
    expect(await reloads()).toBe(0)
    expect(await onDisk()).toBe(lab.desired([b]).config)
    expect(await readFile(lab.mapPath, 'utf8')).toBe('x.test other\ny.test app\n')
    expect(
      await applier.checkDrift(lab.desired([b], { hosts: 'x.test other\ny.test app\n' })),
    ).toEqual([])
  })

  it('loses no request while servers come and go and at a reload', async () => {
    await apply([a, b])
    const load = constantLoad(lab.port, 10)
    for (let round = 0; round < 3; round += 1) {
      await apply([a])
      await apply([a, b])
      await apply([a, b], { balance: round % 2 === 0 ? 'leastconn' : 'roundrobin' })
      await apply([b], { balance: round % 2 === 0 ? 'leastconn' : 'roundrobin' })
      await apply([a, b], { balance: round % 2 === 0 ? 'leastconn' : 'roundrobin' })
    }
    await until('there was some load', () => load.answered() > 50)
    expect((await load.stop()).failed).toEqual([])
    expect(await reloads()).toBe(3)
  })

  it('keeps a removed server until its last request has ended', async () => {
    const { told, tell } = word()
    const slow = { name: 'slow', port: await lab.webServer('slow', told) }
    await apply([slow])
    const answer = lab.get()
    await until('the request has come in', async () =>
      /,slow,0,0,1,/.test((await haproxy.execute(['show stat']))[0] ?? ''),
    )
    expect(await apply([a])).toMatchObject({ how: 'runtime' })
    expect(applier.lingering).toEqual(['app/slow'])
    expect(await apply([a])).toMatchObject({ how: 'none' })
    tell()
    expect(await answer).toBe('slow')
    await until('the server is deleted', () => applier.lingering.length === 0)
    expect([...(await servers()).keys()]).toEqual(['app/a'])
    expect(await reloads()).toBe(0)
  })

  it('takes a lingering server back when it is wanted again', async () => {
    const { told, tell } = word()
    const slow = { name: 'slow', port: await lab.webServer('slow', told) }
    await apply([a, slow])
    const answers = Promise.all([lab.get(), lab.get()])
    await until('the request has come in', async () =>
      /,slow,0,0,1,/.test((await haproxy.execute(['show stat']))[0] ?? ''),
    )
    await apply([a])
    expect(await apply([a, { ...slow, port: b.port }])).toMatchObject({ how: 'runtime' })
    expect(applier.lingering).toEqual([])
    expect((await servers()).get('app/slow')).toMatchObject({ admin: 'ready', port: b.port })
    tell()
    expect((await answers).sort()).toEqual(['a', 'slow'])
    expect(await reloads()).toBe(0)
  })

  it('cuts the connections of a removed server when they linger too long', async () => {
    applier = newApplier(haproxy, 150)
    const stuck = { name: 'stuck', port: await lab.webServer('stuck', 60_000) }
    await apply([stuck])
    const answer = lab.get().catch((error: unknown) => String(error))
    await until('the request has come in', async () =>
      /,stuck,0,0,1,/.test((await haproxy.execute(['show stat']))[0] ?? ''),
    )
    await apply([a])
    await until('the server is deleted', () => applier.lingering.length === 0)
    expect(await answer).toMatch(/502|503|socket hang up/)
  })

  it('drops kept-alive connections to a server that is removed', async () => {
    await apply([a, b])
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await get(lab.port, { agent })
    await get(lab.port, { agent })
    await apply([b])
    const after = [await get(lab.port, { agent }), await get(lab.port, { agent })]
    agent.destroy()
    expect(after).toEqual(['b', 'b'])
    await until('the server is deleted', () => applier.lingering.length === 0)
  })

  it('leaves the running HAProxy and the files alone when a text is rejected', async () => {
    await apply([a])
    const { workerPid } = haproxy
    const before = await onDisk()
    const wrong = lab.desired([a, b], { balance: 'nonsense', hosts: 'z.test app\n' })
    await expect(applier.applyDesired(wrong)).rejects.toMatchObject({
      code: 'config_rejected',
      message: expect.stringContaining('balance'),
    })
    expect([await onDisk(), haproxy.workerPid, haproxy.isTextKnown]).toEqual([
      before,
      workerPid,
      true,
    ])
    expect(await readFile(lab.mapPath, 'utf8')).toBe('x.test app\n')
    expect(await answers(2)).toBe('aa')
    expect(await apply([a, b])).toMatchObject({ how: 'runtime' })
    expect((await readdir(lab.folder)).filter((name) => /\.(tmp|old)$/.test(name))).toEqual([])
  })

  it('refuses a busy new address before the reload, and no request fails', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    lab.release(() => new Promise((resolve) => other.close(resolve)))
    const busy = `127.0.0.1:${(other.address() as AddressInfo).port}`
    await apply([a])
    const load = constantLoad(lab.port, 5)
    const binds = [`127.0.0.1:${lab.port}`, busy]
    await expect(apply([a], { binds })).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringMatching(new RegExp(`${busy} is in use by .*pid ${process.pid}`)),
    })
    await expect(
      apply([b], { binds: [`127.0.0.1:${lab.port}`, '192.0.2.1:80'] }),
    ).rejects.toMatchObject({ code: 'address_unavailable' })
    expect(await answers(2)).toBe('bb')
    expect((await load.stop()).failed).toEqual([])
    expect(await reloads()).toBe(0)
  })

  it('reconciles what it adopts, without a reload', async () => {
    await apply([a, b])
    await haproxy.execute([
      'set server app/a weight 7',
      'set server app/b state maint',
      `del map ${lab.mapPath} x.test`,
    ])
    haproxy.close()
    const next = lab.process()
    const newcomer = newApplier(next)
    expect(await next.adopt()).toBe(true)
    expect((await newcomer.checkDrift(lab.desired([a, b]))).length).toBe(3)
    expect(await newcomer.applyDesired(lab.desired([a, b]))).toMatchObject({ how: 'runtime' })
    expect([...(await servers()).values()]).toMatchObject([{ weight: 1 }, { admin: 'ready' }])
    expect(await newcomer.applyDesired(lab.desired([a]))).toMatchObject({ how: 'runtime' })
    expect(await reloads()).toBe(0)
  })

  it('reloads once when it adopts a HAProxy whose text is not known', async () => {
    await apply([a])
    await writeFile(lab.options.recordPath, '{"masterPid":')
    haproxy.close()
    const next = lab.process()
    const newcomer = newApplier(next)
    expect(await next.adopt()).toBe(true)
    expect(await newcomer.applyDesired(lab.desired([a]))).toMatchObject({ how: 'reload' })
    expect(await newcomer.applyDesired(lab.desired([a, b]))).toMatchObject({ how: 'runtime' })
    expect(await reloads()).toBe(1)
  })

  it('starts again after a crash, with the same state', async () => {
    await apply([a, { ...b, admin: 'drain' }])
    await apply([
      { ...a, weight: 4 },
      { ...b, admin: 'drain' },
    ])
    const ended = new Promise<void>((resolve) => {
      haproxy.onExit(resolve)
    })
    process.kill(haproxy.masterPid, 'SIGKILL')
    await ended
    await apply([
      { ...a, weight: 4 },
      { ...b, admin: 'drain' },
    ])
    expect([...(await servers()).values()]).toMatchObject([{ weight: 4 }, { admin: 'drain' }])
    expect(await answers(2)).toBe('aa')
  })

  it('starts HAProxy as an unprivileged user in a chroot, and still reaches and reloads it', async () => {
    const chroot = `${lab.folder}/empty`
    mkdirSync(chroot)
    const global = `user haproxy\n  group haproxy\n  chroot ${chroot}`
    await apply([a], { global })
    expect((await stat(`/proc/${haproxy.workerPid}`)).uid).not.toBe(0)
    expect((await stat(lab.options.workerSocket)).uid).toBe(0)
    expect(await apply([a, b], { global })).toMatchObject({ how: 'runtime' })
    expect(await apply([a, b], { global, balance: 'leastconn' })).toMatchObject({ how: 'reload' })
    // Which of two idle servers is asked is not settled by leastconn.
    expect(await answers(1)).toMatch(/^[ab]$/)
  })

  it('refuses a text that would take its own control socket away', async () => {
    await apply([a])
    const state = lab.desired([a, b])
    const config = state.config.replace(lab.options.workerSocket, `${lab.folder}/elsewhere.sock`)
    await expect(applier.applyDesired({ ...state, config })).rejects.toMatchObject({
      code: 'config_rejected',
      message: expect.stringContaining(`stats socket ${lab.options.workerSocket}`),
    })
    expect(await apply([a, b])).toMatchObject({ how: 'runtime' })
  })

  it('notices a reload that someone else did', async () => {
    await apply([a])
    await haproxy.execute(['set server app/a weight 7'])
    const { workerPid } = haproxy
    const other = new HaproxyProcess(lab.options)
    await other.adopt()
    await other.reload()
    other.close()
    expect(await applier.checkDrift(lab.desired([a, b]))).not.toEqual([])
    expect(haproxy.workerPid).not.toBe(workerPid)
    await apply([a, b])
    expect(await answers(2)).toBe('ab')
  })

  it('repairs by a reload what HAProxy refuses to do by command', async () => {
    await apply([a])
    await haproxy.execute(['set server app/a state maint', 'del server app/a'])
    expect(await apply([{ ...a, weight: 2 }])).toMatchObject({
      how: 'reload',
      reasons: [{ kind: 'refused', text: expect.stringContaining('No such server') }],
    })
    expect(await answers(2)).toBe('aa')
  })

  it('goes on by commands while the disk is full, and says so', async () => {
    const folder = `${lab.folder}/small`
    mkdirSync(folder)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    lab.release(async () => execFileSync('umount', [folder]))
    const full = new HaproxyProcess({
      ...lab.options,
      configPath: `${folder}/haproxy.cfg`,
      recordPath: `${folder}/running.json`,
    })
    lab.release(() => full.stop(0))
    const other = newApplier(full)
    await other.applyDesired(lab.desired([a]))
    await writeFile(`${folder}/ballast`, 'x'.repeat(64 * 1024)).catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'ENOSPC' }),
    )
    const before = await readFile(full.configPath, 'utf8')
    const result = await other.applyDesired(lab.desired([a, b]))
    expect(result).toMatchObject({
      how: 'runtime',
      problems: [{ where: 'state folder', what: expect.stringContaining('ENOSPC') }],
    })
    expect(await answers(2)).toBe('ab')
    await expect(
      other.applyDesired(lab.desired([a, b], { balance: 'leastconn' })),
    ).rejects.toMatchObject({ code: 'state_unwritable' })
    expect(await readFile(full.configPath, 'utf8')).toBe(before)
    expect(await readdir(folder)).not.toContain(expect.stringContaining('.tmp'))
    // What needs a reload has to wait; servers that go and come do not wait with it.
    for (const [wanted, answered] of [
      [[b], 'bb'],
      [[a, b], 'ab'],
    ] as const) {
      await expect(
        other.applyDesired(lab.desired(wanted, { balance: 'leastconn' })),
      ).rejects.toMatchObject({ code: 'state_unwritable' })
      expect(await answers(2)).toBe(answered)
    }
    await writeFile(`${folder}/ballast`, '')
    expect(await other.applyDesired(lab.desired([a, b]))).toMatchObject({
      how: 'none',
      problems: [],
    })
    expect(await readFile(full.configPath, 'utf8')).toBe(lab.desired([a, b]).config)
  })

  it('applies one added server with one exchange with HAProxy, however many there are', async () => {
    await apply([a])
    const steps: string[] = []
    applier = newApplier(new SteppingHaproxy(haproxy, (step) => steps.push(step)))
    await apply([a])
    const times: number[] = []
    const verified: number[] = []
    const list: LabServer[] = [a]
    for (let each = 0; each < 30; each += 1) {
      list.push({ name: `s${each}`, port: b.port, check: true })
      steps.length = 0
      const startedAt = performance.now()
      const result = await apply(list)
      times.push(performance.now() - startedAt)
      verified.push(result.verifiedMs)
      expect(result.how).toBe('runtime')
      expect(steps).toEqual(['before execute', 'after execute'])
    }
    const median = (values: number[]) => values.sort((x, y) => x - y)[15] ?? 0
    console.log(
      `one server added: verified ${median(verified).toFixed(1)} ms, on disk ${median(times).toFixed(1)} ms`,
    )
  })
})

/** An event that the test lets happen. */
function word(): { readonly told: Promise<void>; readonly tell: () => void } {
  let tell = (): void => undefined
  const told = new Promise<void>((resolve) => (tell = resolve))
  return { told, tell: () => tell() }
}
