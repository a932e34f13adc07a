import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { attachHaproxy } from '../../src/haproxy/process/attached.ts'
import type { AttachOptions } from '../../src/haproxy/process/attached.ts'
import { capabilitiesOf } from '../../src/haproxy/capabilities.ts'
import { refusalOf } from '../../src/haproxy/runtime/replies.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, until } from '../support/haproxy-lab.ts'
import { freePort } from '../support/ports.ts'
import {
  attachedIn,
  signalCommand,
  SupervisedHaproxy,
  Supervisor,
} from '../support/supervised-haproxy.ts'
import { suspend } from '../support/suspend.ts'

const programs = haproxyPrograms()

describe.each(programs)('a HAProxy $line that somebody else started', ({ path: program }) => {
  let lab: HaproxyLab
  let web: number

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    web = await lab.webServer('a')
    await lab.write(lab.desired([{ name: 'a', port: web }]))
  })

  afterEach(() => lab.close())

  async function started(how: Partial<AttachOptions> = {}): Promise<SupervisedHaproxy> {
    const haproxy = attachedIn(lab, how)
    await haproxy.start()
    return haproxy
  }

  const onDisk = () => readFile(lab.options.configPath, 'utf8')
  const byStats = () => ({ socket: lab.options.workerSocket })
  const again = (how: Partial<AttachOptions> = {}) =>
    attachHaproxy({
      socket: lab.options.masterSocket,
      configPath: lab.options.configPath,
      recordPath: `${lab.folder}/record/attached.json`,
      ...how,
    })

  it('is found by either of its sockets, as the same worker', async () => {
    const haproxy = await started()
    const other = await again(byStats())
    expect(other.workerPid).toBe(haproxy.workerPid)
    expect([haproxy.masterPid, other.masterPid]).toEqual(Array(2).fill(haproxy.supervisor.pid))
    expect(haproxy).toMatchObject({
      isRunning: true,
      isTextKnown: false,
      version: lab.options.program.version,
    })
    expect(haproxy.problems()).toEqual([])
  })

  it('keeps for the next process which text its worker runs', async () => {
    const haproxy = await started()
    expect(await haproxy.loadedConfig()).toBeUndefined()
    await haproxy.forgetText()
    await haproxy.reload()
    await haproxy.confirmText()
    const loaded = await onDisk()
    const next = await again()
    expect(next.isTextKnown).toBe(true)
    await writeFile(lab.options.configPath, `${loaded}# edited by hand\n`)
    const later = await again()
    expect([later.isTextKnown, await later.loadedConfig()]).toEqual([false, loaded])
  })

  it('is not sent commands that were meant for the worker before somebody’s reload', async () => {
    const haproxy = await started()
    await haproxy.confirmText()
    const before = haproxy.workerPid
    haproxy.supervisor.reload()
    const other = await again()
    await until('somebody’s reload is done', async () => {
      await other.refresh().catch(() => undefined)
      return other.isRunning && other.workerPid !== before
    })
    const weight = ['set server app/a weight 7', 'show servers state app']
    await expect(haproxy.execute(weight)).rejects.toMatchObject({ code: 'haproxy_unreachable' })
    expect(haproxy.workerPid).toBe(other.workerPid)
    expect(haproxy.isTextKnown).toBe(false)
    const [state = ''] = await haproxy.execute(['show servers state app'])
    expect(/ a 127\.0\.0\.1 \d+ \d+ (\d+)/.exec(state)?.[1]).toBe('1')
  })

  it('is waited for while its new worker does not answer yet', async () => {
    const haproxy = await started()
    const { workerPid, supervisor } = haproxy
    supervisor.reload()
    let next = 0
    await until('there is a new worker', () => {
      next = childrenOf(supervisor.pid).find((pid) => pid !== workerPid) ?? 0
      return next > 0
    })
    await suspend(next)
    const found = again()
    // Longer than one that is just away is waited for.
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    process.kill(next, 'SIGCONT')
    expect((await found).workerPid).toBe(next)
    expect(await lab.get()).toBe('a')
  })

  it('is noticed when it ends, is not started, and is found again when it is back', async () => {
    const haproxy = await started()
    await haproxy.confirmText()
    await haproxy.supervisor.stop()
    await expect(haproxy.refresh()).rejects.toMatchObject({ code: 'haproxy_unreachable' })
    expect(haproxy).toMatchObject({ isRunning: false, workerPid: 0, isTextKnown: false })
    await expect(again().then((other) => other.start())).rejects.toMatchObject({
      code: 'haproxy_unreachable',
    })
    await haproxy.start()
    expect(haproxy).toMatchObject({ isRunning: true, isTextKnown: false })
    expect(await lab.get()).toBe('a')
  })

  it('tells refused commands from those done also over its master’s socket', async () => {
    // Its stats socket is in a folder that is not shared with us.
    const hidden = { theirs: lab.folder, ours: join(lab.folder, 'nowhere') }
    const haproxy = await started({ pathMap: [hidden] })
    const commands = [
      'set server app/zz weight 3',
      'set server app/a weight 3',
      'add server app/c 127.0.0.1:9',
      'add server app/c 127.0.0.1:9',
      'del server app/c',
      'set server app/a addr 127.0.0.2 port 10',
      'no such command',
      'show servers state nowhere',
      'show map',
      'show info',
    ]
    const refusals = (await haproxy.execute(commands)).map((reply) => refusalOf(reply))
    expect(refusals.map((reason) => reason !== undefined)).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
      true,
      true,
      false,
      false,
    ])
    const [state = ''] = await haproxy.execute(['show servers state app'])
    expect(state).toMatch(/ a 127\.0\.0\.2 \d+ \d+ 3 /)
  })

  it('gets servers and maps without a reload also over its master’s socket', async () => {
    const hidden = { theirs: lab.folder, ours: join(lab.folder, 'nowhere') }
    const haproxy = await started({ pathMap: [hidden] })
    const applier = new Applier({ haproxy, planChanges })
    lab.release(() => applier.close())
    await applier.applyDesired(lab.desired([{ name: 'a', port: web }]))
    const { workerPid } = haproxy
    const b = await lab.webServer('b')
    const hosts = Array.from({ length: 500 }, (_, index) => `h${index}.test other`)
    const servers = [{ name: 'b', port: b, weight: 3 }]
    const wanted = lab.desired(servers, { hosts: `x.test app\n${hosts.join('\n')}\n` })
    expect(await applier.applyDesired(wanted)).toMatchObject({ how: 'runtime', problems: [] })
    expect(haproxy.workerPid).toBe(workerPid)
    expect(await applier.checkDrift(wanted)).toEqual([])
    expect([await lab.get(), await lab.get({ host: 'h7.test' })]).toEqual(['b', 'other'])
  })

  it('keeps its worker when a reload fails, and says in which line the mistake is', async () => {
    const haproxy = await started({ pathMap: [] })
    const { workerPid } = haproxy
    await writeFile(lab.options.configPath, `${await onDisk()}nonsense\n`)
    await expect(haproxy.validate(lab.options.configPath)).rejects.toMatchObject({
      code: 'config_rejected',
      message: expect.stringContaining('nonsense'),
    })
    const error: unknown = await haproxy.reload().catch((reason: unknown) => reason)
    const isTold = capabilitiesOf(haproxy.version).hasSynchronousReload
    expect(error).toMatchObject({ code: isTold ? 'config_rejected' : 'reload_failed' })
    await haproxy.refresh()
    expect(haproxy.workerPid).toBe(workerPid)
    expect(await lab.get()).toBe('a')
  })

  it('with its stats socket only: is reloaded by a command, whose failure is told', async () => {
    const working = await started({ ...byStats(), reloadCommand: signalCommand(lab) })
    const { workerPid } = working
    await working.reload()
    expect(working.workerPid).not.toBe(workerPid)

    const refusing = await again({ ...byStats(), reloadCommand: ['sh', '-c', 'echo no; exit 3'] })
    await expect(refusing.reload()).rejects.toMatchObject({
      code: 'reload_failed',
      message: 'sh -c echo no; exit 3 failed: no',
    })
    const idle = await again({ ...byStats(), reloadCommand: ['true'], reloadPatienceMs: 50 })
    await expect(idle.reload()).rejects.toMatchObject({
      code: 'reload_failed',
      message: expect.stringContaining('no new worker'),
    })
    const none = await again(byStats())
    await expect(none.reload()).rejects.toMatchObject({
      code: 'reload_failed',
      hint: expect.stringMatching(/-W -S PATH.*--reload-command/),
    })
  })

  it('is reloaded by one at a time', async () => {
    const first = await started()
    const second = await again()
    await Promise.all([first.reload(), second.reload(), first.reload()])
    const { observed } = await again()
    expect(observed?.master).toMatchObject({ reloads: 3, failed: 0 })
    expect([first.reloads, second.reloads]).toEqual([2, 1])
    expect(await lab.get()).toBe('a')
  })

  it('must give us level admin, and says how', async () => {
    const socket = join(lab.folder, 'operator.sock')
    await lab.write(lab.desired([], { global: `stats socket ${socket} mode 600 level operator` }))
    const haproxy = attachedIn(lab)
    await haproxy.supervisor.start()
    await expect(again({ socket })).rejects.toMatchObject({
      code: 'haproxy_refused',
      message: expect.stringContaining('level operator'),
      hint: expect.stringContaining(`stats socket ${socket} mode 600 level admin`),
    })
  })

  it('is spoken to over TCP on this machine, and elsewhere only when that is wanted', async () => {
    const socket = `127.0.0.1:${await freePort()}`
    await lab.write(
      lab.desired([{ name: 'a', port: web }], {
        global: `stats socket ipv4@${socket} level admin`,
      }),
    )
    const haproxy = attachedIn(lab, { socket })
    await haproxy.start()
    expect((await haproxy.execute(['show cli level']))[0]).toContain('admin')
    await expect(again({ socket: '192.0.2.1:9999' })).rejects.toMatchObject({
      code: 'setting_invalid',
    })
  })
})

describe('a HAProxy whose program is upgraded underneath', () => {
  let lab: HaproxyLab
  const [old, ...newer] = programs

  beforeEach(async () => {
    lab = await HaproxyLab.open(old?.path)
    await lab.write(lab.desired([{ name: 'a', port: await lab.webServer('a') }]))
  })

  afterEach(() => lab.close())

  it.each(newer)('says so, and is HAProxy $line after the next reload', async (next) => {
    const folder = join(lab.folder, 'bin')
    mkdirSync(folder)
    const link = join(folder, 'haproxy')
    symlinkSync(old?.path ?? '', link)
    const options = {
      socket: lab.options.masterSocket,
      configPath: lab.options.configPath,
      recordPath: `${lab.folder}/attached.json`,
    }
    const haproxy = new SupervisedHaproxy(options, new Supervisor(lab, link))
    await haproxy.start()
    expect(haproxy.version).toBe(old?.version)
    expect(haproxy.problems()).toEqual([])

    symlinkSync(next.path, `${link}.new`)
    renameSync(`${link}.new`, link)
    const found = await attachHaproxy(options)
    expect(found.version).toBe(old?.version)
    expect(found.problems().map(({ what }) => what)).toEqual([
      `${old?.version} is running and ${next.version} is installed`,
    ])
    await found.validate(found.configPath)
    await found.reload()
    expect(found.version).toBe(next.version)
    expect(capabilitiesOf(found.version).canAddServerCookie).toBe(true)
    expect(found.problems()).toEqual([])
    expect(await lab.get()).toBe('a')

    // Removed altogether: what runs goes on, and cannot be checked any more.
    rmSync(link)
    expect((await attachHaproxy(options)).problems()).toMatchObject([
      { what: expect.stringContaining('not there any more') },
    ])
    await expect(
      attachHaproxy(options).then((one) => one.validate(one.configPath)),
    ).rejects.toMatchObject({ code: 'haproxy_missing' })
    expect(await lab.get()).toBe('a')
  })

  it.each(newer)(
    'is HAProxy $line after the next reload where fairlead started it, too',
    async (next) => {
      const link = join(lab.folder, 'haproxy')
      symlinkSync(old?.path ?? '', link)
      const version = old?.version ?? ''
      const haproxy = new HaproxyProcess({ ...lab.options, program: { path: link, version } })
      lab.release(() => haproxy.stop(0))
      await haproxy.start()
      expect(haproxy.version).toBe(version)
      symlinkSync(next.path, `${link}.new`)
      renameSync(`${link}.new`, link)
      await haproxy.validate(haproxy.configPath)
      await haproxy.reload()
      expect(haproxy.version).toBe(next.version)
      expect(await lab.get()).toBe('a')
      const later = new HaproxyProcess({ ...lab.options, program: { path: link, version } })
      expect(await later.adopt()).toBe(true)
      expect(later.version).toBe(next.version)
      later.close()
    },
  )
})

/** Pids of a process's children, from /proc/PID/task/PID/children (proc(5)). */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}
