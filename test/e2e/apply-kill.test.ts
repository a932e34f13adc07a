import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, constantLoad, until } from '../support/haproxy-lab.ts'
import type { LabServer } from '../support/haproxy-lab.ts'
import { KillLab, killPlans } from '../support/kill-lab.ts'
import type { KillPlan } from '../support/kill-lab.ts'

/** The oldest and the newest: between them a kill is no other matter. */
const programs = haproxyPrograms().filter((_, index, all) => index % (all.length - 1) === 0)

describe.each(programs)(
  'fairlead killed -9 at each step of an apply, HAProxy $line',
  { timeout: 300_000 },
  ({ line, path: program }) => {
    let lab: HaproxyLab
    let kill: KillLab
    let a: LabServer
    let b: LabServer

    beforeEach(async () => {
      lab = await HaproxyLab.open(program)
      lab.release(() => kill.down())
      kill = await KillLab.open(lab)
      a = { name: 'a', port: await lab.webServer('a') }
      b = { name: 'b', port: await lab.webServer('b') }
    })

    afterEach(() => lab.close())

    it.each([0, 1, 2, 3])('the next one finishes or undoes it (plan %i)', async (which) => {
      const { name, from, to, how } = killPlans(lab, a, b)[which] as KillPlan
      await kill.recover(from)
      const load = constantLoad(lab.port, 10)
      const steps: string[] = []
      let reloads = 0
      for (let killAt = 0; ; killAt += 1) {
        // Once it is still wanted afterwards, once no more.
        const forth = await kill.applyKilledAt(killAt, from, to)
        const step = forth.steps.at(-1) ?? ''
        const finished = await kill.recover(to)
        expect({ step, differences: finished.differences }).toEqual({ step, differences: [] })
        expect({ step, isOneAtMost: finished.reloads <= 1 }).toEqual({ step, isOneAtMost: true })
        expect((await kill.recover(from)).differences).toEqual([])
        if (forth.isDone) {
          expect(finished.how).not.toBe('reload')
          break
        }
        steps.push(step)
        await kill.applyKilledAt(killAt, from, to)
        const undone = await kill.recover(from)
        expect({ step, differences: undone.differences }).toEqual({ step, differences: [] })
        expect({ step, isOneAtMost: undone.reloads <= 1 }).toEqual({ step, isOneAtMost: true })
        reloads += finished.reloads + undone.reloads
      }
      await until('there was some load', () => load.answered() > 50)
      const { answered, failed } = await load.stop()
      console.log(
        `${line}, ${name}: ${steps.length} steps, ${2 * steps.length} kills, ${reloads} reloads to repair, ${failed.length} of ${answered + failed.length} requests failed`,
      )
      expect(failed).toEqual([])
      expect(steps).toContain(how === 'reload' ? 'after reload' : 'after execute')
    })

    it('starts it, or takes over what was started', async () => {
      const wanted = lab.desired([a, b])
      const steps: string[] = []
      for (let killAt = 0; ; killAt += 1) {
        const killed = await kill.applyKilledAt(killAt, wanted)
        const { differences } = await kill.recover(wanted)
        const step = killed.steps.at(-1) ?? ''
        expect({ step, differences }).toEqual({ step, differences: [] })
        expect(await lab.get()).toMatch(/^[ab]$/)
        if (killed.isDone) break
        steps.push(step)
        await kill.down()
      }
      console.log(`${line}, a start: ${steps.length} steps`)
      expect(steps).toContain('after start')
    })
  },
)
