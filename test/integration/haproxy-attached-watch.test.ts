import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WatchedHaproxy } from '../../src/haproxy/process/attached-watch.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, until } from '../support/haproxy-lab.ts'
import { Supervisor } from '../support/supervised-haproxy.ts'

describe.each(haproxyPrograms())('a HAProxy $line that is watched', ({ path: program }) => {
  let lab: HaproxyLab
  let supervisor: Supervisor
  let haproxy: WatchedHaproxy
  let calls: boolean[]

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    await lab.write(lab.desired([{ name: 'a', port: 9 }]))
    supervisor = new Supervisor(lab)
    haproxy = new WatchedHaproxy({
      socket: lab.options.masterSocket,
      configPath: lab.options.configPath,
      recordPath: `${lab.folder}/attached.json`,
    })
    lab.release(() => haproxy.stop())
    calls = []
    haproxy.onExit(() => calls.push(haproxy.isRunning))
  })

  afterEach(() => lab.close())

  it('is waited for, missed when it is gone, and told apart from our own reloads', async () => {
    await haproxy.find()
    expect(haproxy.isRunning).toBe(false)
    await supervisor.start()
    await until('it is found', () => calls.length === 1)
    const { workerPid } = haproxy

    await haproxy.reload()
    await haproxy.confirmText()
    expect(haproxy.workerPid).not.toBe(workerPid)
    const ours = haproxy.workerPid
    supervisor.reload()
    await until("somebody's reload is seen", () => haproxy.workerPid !== ours && haproxy.isRunning)
    await until('it is told', () => calls.length === 2)
    expect(haproxy.isTextKnown).toBe(false)

    await supervisor.stop()
    await until('it is missed', () => calls.length === 3)
    expect(calls).toEqual([true, true, false])
  })

  it('is left running by our end', async () => {
    await supervisor.start()
    await haproxy.find()
    await haproxy.confirmText()
    await haproxy.stop()
    const next = new WatchedHaproxy({
      socket: lab.options.masterSocket,
      configPath: lab.options.configPath,
      recordPath: `${lab.folder}/attached.json`,
    })
    lab.release(() => next.stop())
    await next.find()
    expect(next).toMatchObject({ workerPid: haproxy.workerPid, isTextKnown: true })
  })
})
