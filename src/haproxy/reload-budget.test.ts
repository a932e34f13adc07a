import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DesiredState } from '../model/desired-state.ts'
import { ManualClock } from '../support/clock.ts'
import { Applier } from './applier.ts'
import { planChanges } from './diff/plan-changes.ts'
import { MemoryHaproxy } from './memory-control.ts'
import type { OldWorker } from './reload-budget.ts'
import { parseOldWorkers } from './runtime/master.ts'

describe('the budget of reloads', () => {
  let folder: string
  let haproxy: MemoryHaproxy
  let clock: ManualClock
  let applier: Applier
  let oldWorkers: OldWorker[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-budget-'))
    haproxy = new MemoryHaproxy(join(folder, 'haproxy.cfg'))
    clock = new ManualClock()
    oldWorkers = []
    applier = new Applier({
      haproxy,
      planChanges,
      clock,
      reloadIntervalMs: 2000,
      mostWorkerReloads: 3,
      oldWorkers: () => Promise.resolve(oldWorkers),
    })
  })

  afterEach(async () => {
    await applier.close()
    await rm(folder, { recursive: true, force: true })
  })

  const a = '  server a 10.0.0.1:80\n'
  const b = '  server b 10.0.0.2:80\n'

  /** A state whose `maxconn` only a reload can change. */
  function desired(maxconn: number, servers: string, more: readonly string[] = []): DesiredState {
    const sections = [
      `global\n  maxconn ${maxconn}\ndefaults\n  mode http\n  option redispatch 1\nfrontend web\n  bind 127.0.0.1:80\n`,
      `backend app\n${servers}`,
      ...more,
    ]
    return { config: sections.join(''), sections, files: new Map(), servers: new Map() }
  }

  async function serversNow(): Promise<string[]> {
    const [reply = ''] = await haproxy.execute(['show servers state'])
    const rows = reply.split('\n').slice(2)
    return rows.map((row) => row.split(' ').slice(1, 4)).map(([app, , name]) => `${app}/${name}`)
  }

  it('delays neither the start nor the first reload after it', async () => {
    expect(await applier.applyDesired(desired(1, a))).toMatchObject({ how: 'reload' })
    expect(await applier.applyDesired(desired(2, a))).toMatchObject({ how: 'reload' })
    expect(haproxy.reloads).toBe(1)
  })

  it('makes one reload of many changes within the interval', async () => {
    await applier.applyDesired(desired(1, a))
    await applier.applyDesired(desired(2, a))
    await clock.advance(500)
    for (const maxconn of [3, 4, 5, 6, 7, 8]) {
      const result = await applier.applyDesired(desired(maxconn, a))
      expect(result).toMatchObject({ how: 'none', deferred: { by: 'interval' } })
    }
    expect(haproxy.reloads).toBe(1)
    const { deferred } = await applier.applyDesired(desired(9, a))
    expect(deferred).toMatchObject({ afterMs: 1500, reasons: [{ kind: 'setting' }] })
    await clock.advance(1500)
    const result = await applier.applyDesired(desired(9, a))
    expect(result.how).toBe('reload')
    expect(result.deferred).toBeUndefined()
    expect(haproxy.reloads).toBe(2)
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired(9, a).config)
  })

  it('applies removals and additions at once while a reload waits', async () => {
    await applier.applyDesired(desired(1, a + b))
    await applier.applyDesired(desired(2, a + b))
    const wanted = desired(3, b, ['backend new\n  server n 10.0.0.9:80\n'])
    const result = await applier.applyDesired(wanted)
    expect(result).toMatchObject({ how: 'runtime', deferred: { by: 'interval' } })
    expect(result.commands.join('\n')).toContain('app/a')
    expect(await serversNow()).toEqual(['app/b'])
    expect(result.deferred?.state?.config).toBe(desired(2, b).config)
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired(2, b).config)
    expect(haproxy.reloads).toBe(1)
    await clock.advance(2000)
    expect(await applier.applyDesired(wanted)).toMatchObject({ how: 'reload' })
    expect(await serversNow()).toEqual(['app/b', 'new/n'])
  })

  it('leaves a backend that goes with a waiting reload only servers that serve elsewhere', async () => {
    const old = 'backend old\n  server o 10.0.0.5:80\n  server p 10.0.0.6:80\n'
    await applier.applyDesired(desired(1, a, [old]))
    await applier.applyDesired(desired(2, a, [old]))
    const renamed = 'backend renamed\n  server p 10.0.0.6:80\n  server o 10.0.0.7:80\n'
    await applier.applyDesired(desired(2, a, [renamed]))
    expect(await serversNow()).toEqual(['app/a', 'old/p'])
  })

  it('lets backends that only a reload can change wait alone, and does not wait where all would', async () => {
    const fixed = (servers: string): string => `backend fixed\n  balance static-rr\n${servers}`
    await applier.applyDesired(desired(1, a + b, [fixed(a + b)]))
    await applier.applyDesired(desired(2, a + b, [fixed(a + b)]))
    const c = '  server c 10.0.0.3:80\n'
    const result = await applier.applyDesired(desired(2, b, [fixed(a + b + c)]))
    expect(result).toMatchObject({ how: 'runtime', deferred: { by: 'interval' } })
    expect(await serversNow()).toEqual(['app/b', 'fixed/a', 'fixed/b'])
    const conditional = '.if streq(a,a)\n  balance roundrobin\n.endif\n'
    expect(await applier.applyDesired(desired(2, conditional + b))).toMatchObject({ how: 'reload' })
    expect(haproxy.reloads).toBe(2)
  })

  it('does not delay the repair of a crash, nor of what HAProxy refuses', async () => {
    await applier.applyDesired(desired(1, a + b))
    await applier.applyDesired(desired(2, a + b))
    haproxy.crash()
    expect(await applier.applyDesired(desired(3, a + b))).toMatchObject({ how: 'reload' })
    expect(await applier.applyDesired(desired(4, a + b))).toMatchObject({ how: 'reload' })
    await haproxy.execute(['set server app/b state maint', 'del server app/b'])
    const result = await applier.applyDesired(desired(4, `${a}${b.trimEnd()} weight 9\n`))
    expect(result).toMatchObject({ how: 'reload', reasons: [{ kind: 'refused' }] })
  })

  it('waits where a reload would end an old worker by its count, and not for the current one', async () => {
    await applier.applyDesired(desired(1, a + b))
    oldWorkers = [{ pid: 7, reloads: 2 }]
    expect(await applier.applyDesired(desired(2, a + b))).toMatchObject({ how: 'reload' })
    await clock.advance(5000)
    oldWorkers = [
      { pid: 7, reloads: 3 },
      { pid: 8, reloads: 1 },
    ]
    const result = await applier.applyDesired(desired(3, a))
    expect(result).toMatchObject({ how: 'runtime', deferred: { by: 'workers', afterMs: 5000 } })
    expect(await serversNow()).toEqual(['app/a'])
    expect(haproxy.reloads).toBe(1)
    oldWorkers = [
      { pid: 8, reloads: 1 },
      { pid: haproxy.workerPid, reloads: 9 },
    ]
    expect(await applier.applyDesired(desired(3, a))).toMatchObject({ how: 'reload' })
  })

  it('is not held up by a clock that was set back', async () => {
    await applier.applyDesired(desired(1, a))
    await applier.applyDesired(desired(2, a))
    await clock.advance(-60_000)
    expect(await applier.applyDesired(desired(3, a))).toMatchObject({ how: 'reload' })
  })
})

it('reads old workers and their reloads from what the master says', () => {
  const reply = [
    '#<PID>          <type>          <reloads>       <uptime>        <version>',
    '1162            master          5 [failed: 2]   0d00h02m07s     3.0.11',
    '# workers',
    '1271            worker          0               0d00h00m00s     3.0.11',
    '# old workers',
    '1233            worker          3               0d00h00m43s     3.0.11',
    '1234            worker          1               0d00h00m13s     3.0.11',
    '# programs',
    '9               worker          8               0d00h00m13s     3.0.11',
  ].join('\n')
  expect(parseOldWorkers(reply)).toEqual([
    { pid: 1233, reloads: 3 },
    { pid: 1234, reloads: 1 },
  ])
  expect(parseOldWorkers('# workers\n12 worker 0 x 2.6\n')).toEqual([])
})
