import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../test/support/samples.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError } from '../model/errors.ts'
import { OperatorStore } from '../operator/operator-store.ts'
import { Prober } from '../readiness/prober.ts'
import { EmbeddedRegistry } from '../registry/embedded/embedded-registry.ts'
import type { RoutingInput, RoutingResult, RoutingSettings } from '../routing/contract.ts'
import { ManualClock } from '../support/clock.ts'
import type { Applied, ChangeEntry, ChangeRecord } from './change-entry.ts'
import type { PipelineParts } from './contract.ts'
import { Pipeline } from './pipeline.ts'

let folder: string
const stop: (() => Promise<void>)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-pipeline-'))
})

afterEach(async () => {
  for (const each of stop.splice(0)) await each()
  await rm(folder, { recursive: true, force: true })
})

function stateOf(config: string): DesiredState {
  return { config, files: new Map(), servers: new Map() }
}

/** Wants the ids of the endpoints, one a line. */
function routeIds({ snapshot, memory }: RoutingInput): RoutingResult {
  const endpoints = [...snapshot.services.values()].flatMap((each) => each.endpoints)
  return {
    desired: stateOf(endpoints.map(({ id }) => `${id}\n`).join('')),
    memory,
    problems: [],
    routes: [],
    placements: new Map(),
    unproven: [],
    nextRunAtMs: undefined,
  }
}

const done: Applied = { how: 'reload', changes: ['x'], reasons: [], commands: [], problems: [] }
const reasons = [{ kind: 'section', text: 'backend b is new' }] as const

function waiting(by: 'interval' | 'workers', state?: DesiredState): Applied {
  const how = state === undefined ? 'none' : 'runtime'
  return { ...done, how, deferred: { by, afterMs: 1500, reasons, state } }
}

async function startPipeline(
  apply: (desired: DesiredState) => Promise<Applied>,
  parts: Partial<PipelineParts> = {},
) {
  const clock = new ManualClock()
  const registry = new EmbeddedRegistry(join(folder, 'registry'), clock)
  const store = new OperatorStore(join(folder, 'kept'), clock)
  const changes: (ChangeEntry & Pick<ChangeRecord, 'state'>)[] = []
  const prober = new Prober({ clock, onAccepted: () => undefined })
  const pipeline = new Pipeline({
    registry,
    clock,
    settings: {} as RoutingSettings,
    store,
    prober,
    route: routeIds,
    apply,
    onChange: (change, { state }) => changes.push({ ...change, state }),
    ...parts,
  })
  const controller = new AbortController()
  const running = pipeline.run(controller.signal)
  const end = async (): Promise<void> => {
    controller.abort()
    prober.stop()
    await running
    await registry.flush()
    await store.flush()
  }
  stop.push(end)
  await clock.advance(0)
  const start = (id: string): void =>
    registry.accept({
      source: 'docker:pi1',
      isComplete: false,
      upserts: [sampleCandidate([sampleEndpoint({ id })])],
      removals: [],
      cause: `start ${id}`,
      eventAtMs: 900_000,
    })
  return { pipeline, clock, changes, start, end }
}

describe('a reload that has to wait', () => {
  it('is done when its time is over, with all that is wanted by then and all that led to it', async () => {
    const applied: string[] = []
    const { pipeline, clock, changes, start } = await startPipeline((desired) => {
      applied.push(desired.config)
      return Promise.resolve(applied.length < 3 ? waiting('interval') : done)
    })
    start('pi1:a:80')
    await clock.advance(1)
    expect(pipeline.state()).toMatchObject({ isApplied: false, problems: [], error: undefined })
    start('pi1:b:80')
    await clock.advance(1)
    expect(applied).toEqual(['pi1:a:80\n', 'pi1:a:80\npi1:b:80\n'])
    expect(changes).toEqual([])
    await clock.advance(1498)
    expect(applied).toHaveLength(2)
    await clock.advance(2)
    expect(applied).toHaveLength(3)
    expect(pipeline.state()).toMatchObject({ isApplied: true, deferred: undefined })
    expect(changes.map(({ causes }) => causes)).toEqual([['start pi1:a:80', 'start pi1:b:80']])
  })

  it('tells what was done meanwhile as a generation of its own, with the state that is in force', async () => {
    const inForce = stateOf('meanwhile\n')
    const { clock, changes, start } = await startPipeline(() =>
      Promise.resolve(waiting('interval', inForce)),
    )
    start('pi1:a:80')
    await clock.advance(1)
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject({ how: 'runtime', state: inForce })
  })

  it('is a problem on show where it waits for connections', async () => {
    const told: string[] = []
    const { pipeline, clock, start } = await startPipeline(
      () => Promise.resolve(waiting('workers')),
      { onWait: ({ by }) => told.push(by) },
    )
    start('pi1:a:80')
    await clock.advance(1)
    expect(pipeline.state().problems[0]?.what).toContain('backend b is new')
    await clock.advance(5000)
    expect(told).toEqual(['workers'])
  })
})

describe('settling', () => {
  it('resolves when what was asked for is in force, also after a wait', async () => {
    let applies = 0
    const { pipeline, clock } = await startPipeline(() => {
      applies += 1
      return Promise.resolve(applies === 1 ? waiting('interval') : done)
    })
    let isSettled = false
    const settled = pipeline.settle('asked').then(() => (isSettled = true))
    await clock.advance(10)
    expect([applies, isSettled]).toEqual([1, false])
    await clock.advance(1500)
    await settled
    expect(applies).toBe(2)
  })

  it('resolves when the reload waits for connections, and throws what failed or that it ended', async () => {
    let answer = (): Promise<Applied> => Promise.resolve(waiting('workers'))
    const { pipeline, clock, end } = await startPipeline(() => answer())
    const first = pipeline.settle('one')
    await clock.advance(1)
    await first
    answer = () => Promise.reject(new FairleadError('config_rejected', 'line 3 is wrong'))
    const second = pipeline.settle('two').catch((error: unknown) => error)
    await clock.advance(1)
    expect(await second).toMatchObject({ code: 'config_rejected' })
    answer = () => Promise.resolve(waiting('interval'))
    const third = pipeline.settle('three').catch((error: unknown) => error)
    await clock.advance(1)
    await end()
    expect(await third).toMatchObject({ code: 'interrupted' })
  })
})

describe('a pinned state', () => {
  it('is applied in place of the wanted one, and told though nothing had to be changed', async () => {
    const pin: { to?: number } = {}
    const applied: string[] = []
    const { pipeline, clock, changes, start } = await startPipeline(
      (desired) => {
        applied.push(desired.config)
        return Promise.resolve({ ...done, how: applied.length === 1 ? 'reload' : 'none' })
      },
      {
        steer: (wanted) => ({
          desired: pin.to === undefined ? wanted : stateOf('pinned\n'),
          pinnedTo: pin.to,
          leftOut: new Set(),
        }),
      },
    )
    start('pi1:a:80')
    await clock.advance(1)
    pin.to = 41
    const settled = pipeline.settle('rollback to 41')
    await clock.advance(1)
    await settled
    expect(applied).toEqual(['pi1:a:80\n', 'pinned\n'])
    expect(changes.at(-1)).toMatchObject({
      causes: ['rollback to 41'],
      pinnedTo: 41,
      changes: ['x'],
    })
    start('pi1:b:80')
    await clock.advance(1)
    expect(applied).toHaveLength(2)
    expect(pipeline.state().target?.desired.config).toBe('pinned\n')
    expect(changes).toHaveLength(2)
  })
})
