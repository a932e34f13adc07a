import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Drift } from './daemon-drift.ts'
import { Applier } from './haproxy/applier.ts'
import { planChanges } from './haproxy/diff/plan-changes.ts'
import { MemoryHaproxy } from './haproxy/memory-control.ts'
import type { AdminState, DesiredState } from './model/desired-state.ts'
import { ManualClock } from './support/clock.ts'

let folder: string
let haproxy: MemoryHaproxy
let applier: Applier
let clock: ManualClock
const stop = new Set<AbortController>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-drift-'))
  haproxy = new MemoryHaproxy(join(folder, 'haproxy.cfg'))
  clock = new ManualClock()
  applier = new Applier({ haproxy, planChanges, clock })
})

afterEach(async () => {
  for (const each of stop) each.abort()
  await applier.close()
  await rm(folder, { recursive: true, force: true })
})

function desired(states: Record<string, AdminState> = {}, weight = 5): DesiredState {
  const config = `defaults\n  mode http\nfrontend web\n  bind 127.0.0.1:80\n  use_backend %[req.hdr(host),map_str(${folder}/hosts.map,app)]\nbackend app\n  server a 10.0.0.1:80 weight ${weight}\n  server b 10.0.0.2:80\n`
  return {
    config,
    files: new Map([[join(folder, 'hosts.map'), 'x.test app\n']]),
    servers: new Map(Object.entries(states)),
  }
}

/** A pipeline that applies when it is told to repair. */
async function watch(drift: 'repair' | 'report') {
  const target = { desired: desired(), pinnedTo: undefined, leftOut: new Set<string>() }
  const state = { target, isApplied: true }
  const causes: string[] = []
  const warnings: string[] = []
  await applier.applyDesired(state.target.desired)
  let repaired: Promise<unknown> = Promise.resolve()
  const watcher = new Drift({
    applier,
    clock,
    settings: { drift, driftIntervalMs: 30_000 },
    log: { warn: (...given: unknown[]) => void warnings.push(String(given.at(-1))) },
    pipeline: {
      state: () => state as never,
      triggerRepair: (what) => {
        causes.push(what)
        repaired = applier.applyDesired(state.target.desired)
      },
    },
  })
  const controller = new AbortController()
  stop.add(controller)
  void watcher.watch(controller.signal)
  const round = async (): Promise<void> => {
    await clock.advance(30_000)
    // Behind the check, which holds the applier's lock.
    await applier.checkDrift(state.target.desired, 'report')
    await repaired
  }
  const want = async (next: DesiredState): Promise<void> => {
    state.target = { ...state.target, desired: next }
    await applier.applyDesired(next)
  }
  return { watcher, causes, warnings, round, want }
}

/** What somebody else may do by the socket. */
const meddling: readonly (readonly [string, () => readonly string[]])[] = [
  ['sets a weight', () => ['set server app/a weight 9']],
  ['sets a state', () => ['set server app/a state drain']],
  ['changes a map', () => [`set map ${folder}/hosts.map x.test other`]],
  ['adds to a map', () => [`add map ${folder}/hosts.map y.test app`]],
  ['deletes a server', () => ['set server app/b state maint', 'del server app/b']],
  ['moves a server', () => ['set server app/a addr 10.0.0.7 port 80']],
]

describe('the drift check', () => {
  it.each(meddling)('repairs what somebody else %s', async (_what, commands) => {
    const { watcher, causes, round } = await watch('repair')
    await round()
    expect(causes).toEqual([])
    await haproxy.execute(commands())
    await round()
    expect(causes).toHaveLength(1)
    expect(causes[0]).toMatch(/^drift: (backend app|map hosts): /)
    expect(await applier.checkDrift(desired())).toEqual([])
    expect(watcher.problems()).toEqual([])
    await round()
    expect(causes).toHaveLength(1)
  })

  it.each(meddling)(
    'only shows with --drift report what somebody else %s',
    async (_what, commands) => {
      const { watcher, causes, warnings, round, want } = await watch('report')
      await haproxy.execute(commands())
      const sent = haproxy.history.length
      await round()
      await round()
      expect(watcher.found.length).toBeGreaterThan(0)
      expect(watcher.problems()[0]?.what).toContain('changed by someone else')
      expect(warnings).toHaveLength(1)
      expect(causes).toEqual([])
      expect(haproxy.history.slice(sent).every((each) => each.startsWith('show '))).toBe(true)
      await want(desired())
      await round()
      expect(watcher.found.length).toBeGreaterThan(0)
    },
  )

  it("takes operators' own words for what is wanted", async () => {
    const { causes, round, want } = await watch('repair')
    await want(desired({ 'app/a': 'drain' }))
    await round()
    await want(desired({ 'app/a': 'maint' }, 7))
    await round()
    await want(desired({}, 0))
    await round()
    expect(causes).toEqual([])
    expect(await readFile(haproxy.configPath, 'utf8')).toContain('weight 0')
  })

  it('shows nothing any more once it has gone by itself', async () => {
    const { watcher, round } = await watch('report')
    await haproxy.execute(['set server app/a weight 9'])
    await round()
    expect(watcher.found).toHaveLength(1)
    await haproxy.execute(['set server app/a weight 5'])
    await round()
    expect(watcher.found).toEqual([])
    expect(watcher.problems()).toEqual([])
  })
})
