import { rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { DesiredState } from '../../src/model/desired-state.ts'
import { FairleadError } from '../../src/model/errors.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, constantLoad, until } from '../support/haproxy-lab.ts'
import type { LabServer } from '../support/haproxy-lab.ts'
import { KillLab, killPlans } from '../support/kill-lab.ts'
import type { KillPlan } from '../support/kill-lab.ts'
import { SteppingHaproxy } from '../support/stepping-haproxy.ts'
import { suspend } from '../support/suspend.ts'

/** The oldest and the newest: between them a kill is no other matter. */
const programs = haproxyPrograms().filter((_, index, all) => index % (all.length - 1) === 0)

describe.each(programs)('HAProxy $line', { timeout: 300_000 }, ({ line, path: program }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let a: LabServer
  let b: LabServer

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    haproxy = lab.process()
    a = { name: 'a', port: await lab.webServer('a') }
    b = { name: 'b', port: await lab.webServer('b') }
  })

  afterEach(() => lab.close())

  describe('killed -9 at each step of an apply', () => {
    it.each([0, 1, 2, 3])('is brought back to what is wanted (plan %i)', async (which) => {
      const kill = await KillLab.open(lab)
      const { name, from, to } = killPlans(lab, a, b)[which] as KillPlan
      let [kills, failures, applies] = [0, 0, 0]
      let killAt = Infinity
      let killed = { master: -1, worker: -1 }
      let steps: string[] = []
      let victim: 'master' | 'worker' = 'master'
      const stepping = new SteppingHaproxy(haproxy, (step) => {
        if (steps.length === killAt) {
          const pid = victim === 'master' ? haproxy.masterPid : haproxy.workerPid
          killed = { master: haproxy.masterPid, worker: haproxy.workerPid }
          process.kill(pid, 'SIGKILL')
          kills += 1
        }
        steps.push(step)
      })
      // Without probation: what is killed by hand is no verdict on a text.
      const applier = new Applier({ haproxy: stepping, planChanges })
      lab.release(() => applier.close())
      /** As the daemon does: again, after a failure and after HAProxy has ended. */
      const insist = async (wanted: DesiredState): Promise<void> => {
        for (let tries = 0; ; tries += 1) {
          applies += 1
          const error = await applier.applyDesired(wanted).then(() => undefined, String)
          if (error !== undefined) failures += 1
          // Without its worker the master ends as well, unless a reload has put another one in its
          // place before the master saw it end.
          await until('its end is noticed', () => {
            const isOtherMaster = haproxy.masterPid !== killed.master
            const isReplaced = victim === 'worker' && haproxy.workerPid !== killed.worker
            return isOtherMaster || isReplaced
          })
          if (haproxy.isRunning && error === undefined) return
          expect({ error, tries }).toEqual({ error, tries: Math.min(tries, 4) })
        }
      }
      await insist(from)
      for (victim of ['master', 'worker'] as const) {
        for (let at = 0; ; at += 1) {
          killAt = Infinity
          await insist(from)
          const before = kills
          steps = []
          killAt = at
          await insist(to)
          killAt = Infinity
          const step = steps[at] ?? 'none'
          const differences = await kill.differences(applier, haproxy, to)
          expect({ step, victim, differences }).toEqual({ step, victim, differences: [] })
          expect(await lab.get()).toMatch(/^[abc]$/)
          if (kills === before) break
        }
      }
      console.log(
        `${line}, ${name}: ${kills} kills, ${applies} applies, ${failures} of them failed`,
      )
      expect(kills).toBeGreaterThan(3)
    })
  })

  describe('with a socket that does not do its work', () => {
    let applier: Applier

    beforeEach(async () => {
      applier = new Applier({ haproxy, planChanges })
      lab.release(() => applier.close())
      await applier.applyDesired(lab.desired([a, b]))
    })

    const failure = (desired: DesiredState) =>
      applier.applyDesired(desired).then(
        () => undefined,
        (error: unknown) => (error instanceof FairleadError ? error.code : error),
      )

    it('goes on when the socket has gone, and is right again when it is back', async () => {
      const { workerSocket } = lab.options
      const load = constantLoad(lab.port, 10)
      await rename(workerSocket, `${workerSocket}.away`)
      expect(await failure(lab.desired([a]))).toBe('haproxy_unreachable')
      expect(await lab.get()).toMatch(/^[ab]$/)
      await rename(`${workerSocket}.away`, workerSocket)
      await applier.applyDesired(lab.desired([a]))
      expect(await applier.checkDrift(lab.desired([a]))).toEqual([])
      await until('there was some load', () => load.answered() > 50)
      expect((await load.stop()).failed).toEqual([])
    })

    it('ends the apply in time when it hangs, and goes on afterwards', async () => {
      const pid = haproxy.workerPid
      await suspend(pid)
      try {
        expect(await failure(lab.desired([a]))).toBe('haproxy_unreachable')
      } finally {
        process.kill(pid, 'SIGCONT')
      }
      await applier.applyDesired(lab.desired([a]))
      expect(await applier.checkDrift(lab.desired([a]))).toEqual([])
      expect(await lab.get()).toBe('a')
    })

    it.each([
      ['words', 'I am no HAProxy\n> \n> \n> \n> '],
      ['bytes', Buffer.from([0, 255, 254, 10, 0, 10, 62, 32, 10])],
      ['nothing, and closes', ''],
    ])('does not believe one that answers %s', async (_, answer) => {
      const { workerSocket } = lab.options
      await rename(workerSocket, `${workerSocket}.away`)
      const close = await serve(workerSocket, (socket) => {
        socket.write(answer)
        if (answer === '') socket.end()
      })
      const code = await failure(lab.desired([a]))
      expect(['haproxy_unreachable', 'haproxy_refused']).toContain(code)
      await close()
      await rm(workerSocket, { force: true })
      await rename(`${workerSocket}.away`, workerSocket)
      expect(await lab.get()).toMatch(/^[ab]$/)
      await applier.applyDesired(lab.desired([a]))
      expect(await applier.checkDrift(lab.desired([a]))).toEqual([])
      expect(await lab.get()).toBe('a')
    })
  })
})

/** Gives what closes it, with all its connections. */
async function serve(path: string, answer: (socket: Socket) => void): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => sockets.delete(socket))
    answer(socket)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}
