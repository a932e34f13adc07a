import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import { HaproxyCrashedError } from '../../src/haproxy/probation.ts'
import type { DesiredState } from '../../src/model/desired-state.ts'
import { FairleadError } from '../../src/model/errors.ts'
import { ManualClock } from '../../src/support/clock.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab, constantLoad, until } from '../support/haproxy-lab.ts'
import type { LabServer } from '../support/haproxy-lab.ts'

const forMs = 3_000

describe.each(haproxyPrograms())('a text that ends HAProxy $line', ({ line, path: program }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let clock: ManualClock
  let applier: Applier
  let a: LabServer
  let b: LabServer
  let exits: number
  /** Ends the worker a moment after it has come up. */
  let crash: string

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    haproxy = lab.process()
    clock = new ManualClock()
    exits = 0
    haproxy.onExit(() => (exits += 1))
    applier = newApplier(haproxy)
    a = { name: 'a', port: await lab.webServer('a') }
    b = { name: 'b', port: await lab.webServer('b') }
    const script = join(lab.folder, 'crash.lua')
    await writeFile(script, 'core.register_task(function() core.msleep(1000) os.exit(1) end)\n')
    crash = `lua-load ${script}`
  })

  afterEach(() => lab.close())

  function newApplier(target: HaproxyProcess): Applier {
    const probation = { recordPath: join(lab.folder, 'probation.json'), forMs }
    const made = new Applier({ haproxy: target, planChanges, clock, probation })
    lab.release(() => made.close())
    return made
  }

  const apply = (desired: DesiredState) => applier.applyDesired(desired)
  const failure = (desired: DesiredState) => apply(desired).then(String, (error: unknown) => error)
  const onDisk = () => readFile(haproxy.configPath, 'utf8')
  const kept = async () =>
    (await readdir(lab.folder)).filter((name) => /\.(?:old|tmp)$|^probation/.test(name))
  /** The start has proved itself. */
  const pass = async () => {
    await clock.advance(forMs)
    await until('nothing is kept any more', async () => (await kept()).length === 0)
  }

  /**
   * What fairlead does: applies, and applies again when HAProxy has ended. Gives what is told in the
   * end, and how often HAProxy ended until then.
   */
  async function insist(bad: DesiredState) {
    const before = exits
    for (;;) {
      const outcome = await failure(bad)
      if (outcome instanceof HaproxyCrashedError) {
        return { error: outcome, ends: exits - before }
      }
      // It may end before it has answered the last question of the apply, and be started as before then.
      if (outcome instanceof FairleadError && outcome.code !== 'haproxy_unreachable') throw outcome
      const isBack = async () => (await onDisk()) !== bad.config
      await until('HAProxy has ended', async () => !haproxy.isRunning || (await isBack()))
      expect(exits - before).toBeLessThan(4)
    }
  }

  it('is taken back at once, and told with what it had brought', async () => {
    await apply(lab.desired([a]))
    await pass()
    const load = constantLoad(lab.port, 5)
    await until('there is some load', () => load.answered() > 20)
    const { error, ends } = await insist(lab.desired([a, b], { global: crash }))
    const backAt = load.answered()
    expect(error).toMatchObject({ culprits: [expect.stringContaining('lua-load')] })
    // The servers that are wanted are there, only the rest is as before.
    expect(await onDisk()).toBe(lab.desired([a, b]).config)
    expect(await kept()).toEqual([])
    await until('it is served again', () => load.answered() > backAt + 20)
    const { answered, failed } = await load.stop()
    console.log(
      `${line}: ended ${ends} times, ${failed.length} of ${answered + failed.length} failed`,
    )
    expect(await lab.get()).toMatch(/^[ab]$/)
  })

  it('is not tried again before its pause is over, while servers come and go and another text is', async () => {
    await apply(lab.desired([a]))
    await pass()
    await insist(lab.desired([a], { global: crash }))
    const [pid, ends] = [haproxy.masterPid, exits]
    const later = lab.desired([b], { global: crash })
    expect(await failure(later)).toMatchObject({ code: 'haproxy_crashed' })
    expect(await lab.get()).toBe('b')
    expect([haproxy.masterPid, exits]).toEqual([pid, ends])
    expect(await apply(lab.desired([b], { balance: 'leastconn' }))).toMatchObject({ how: 'reload' })
    await pass()
    const bad = lab.desired([a], { global: crash })
    expect(await failure(bad)).toMatchObject({ code: 'haproxy_crashed' })
    expect([haproxy.masterPid, exits]).toEqual([pid, ends])
    await clock.advance(30_000)
    expect((await insist(bad)).error.hint).toContain('60 s')
    expect(exits).toBeGreaterThan(ends)
    expect(await onDisk()).toBe(lab.desired([a], { balance: 'leastconn' }).config)
  })

  it('is taken back by the next fairlead, too, when HAProxy ends before its eyes', async () => {
    await apply(lab.desired([a]))
    await pass()
    const bad = lab.desired([a], { global: crash })
    await failure(bad)
    await until('HAProxy has ended', () => !haproxy.isRunning)
    await applier.close()
    applier = newApplier(haproxy)
    expect((await insist(bad)).error.code).toBe('haproxy_crashed')
    expect(await lab.get()).toBe('a')
    expect(await onDisk()).toBe(lab.desired([a]).config)
    expect(await kept()).toEqual([])
  })

  it('leaves the old text serving when it cannot even be started', async () => {
    await apply(lab.desired([a]))
    await pass()
    process.kill(haproxy.masterPid, 'SIGKILL')
    await until('HAProxy has ended', () => exits === 1)
    const bad = lab.desired([b], { global: 'no-such-word' })
    expect(await failure(bad)).toMatchObject({ code: 'config_rejected' })
    expect(await lab.get()).toBe('b')
    expect(await apply(lab.desired([b]))).toMatchObject({ how: 'none' })
  })

  it('does not make another crash its own: a text that lasted is started again as it is', async () => {
    await apply(lab.desired([a]))
    await apply(lab.desired([a], { balance: 'leastconn' }))
    await pass()
    process.kill(haproxy.masterPid, 'SIGKILL')
    await until('HAProxy has ended', () => exits === 1)
    expect(await apply(lab.desired([a], { balance: 'leastconn' }))).toMatchObject({ how: 'reload' })
    expect(await lab.get()).toBe('a')
  })

  it('that ends again and again with nothing to go back to is started with growing pauses', async () => {
    expect((await insist(lab.desired([a], { global: crash }))).error.culprits).toEqual([])
    await clock.advance(1_000)
    expect(await apply(lab.desired([a]))).toMatchObject({ how: 'reload' })
    expect(await lab.get()).toBe('a')
  })
})
