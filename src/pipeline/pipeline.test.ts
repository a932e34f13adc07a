import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../test/support/samples.ts'
import type { Observation } from '../model/candidate.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError } from '../model/errors.ts'
import { OperatorStore } from '../operator/operator-store.ts'
import { Prober } from '../readiness/prober.ts'
import { EmbeddedRegistry } from '../registry/embedded/embedded-registry.ts'
import type { RoutingInput, RoutingResult, RoutingSettings } from '../routing/contract.ts'
import { ManualClock } from '../support/clock.ts'
import type { Applied, ChangeEntry } from './change-entry.ts'
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

/** Gives each endpoint a line: its id, and whether it accepts connections. */
function routeLines(input: RoutingInput): RoutingResult {
  const endpoints = [...input.snapshot.services.values()].flatMap((each) => each.endpoints)
  return {
    desired: {
      config: endpoints
        .map(
          (each) => `${each.id} ${input.hasAccepted(each)}
`,
        )
        .join(''),
      files: new Map(),
      servers: new Map(),
    },
    memory: input.memory,
    problems: [],
    routes: [],
    placements: new Map(
      endpoints.map((each) => [
        each.id,
        {
          isRouted: true,
          backend: 'b',
          server: each.id,
          admin: 'ready',
          weight: 1,
          reason: '',
          decisions: [],
        },
      ]),
    ),
    unproven: endpoints.filter((each) => !input.hasAccepted(each)),
    nextRunAtMs: undefined,
  }
}

const done: Applied = { how: 'runtime', changes: [], reasons: [], commands: ['x'], problems: [] }

async function startPipeline(
  apply: (desired: DesiredState) => Promise<Applied>,
  parts: Partial<PipelineParts> = {},
  connect: () => Promise<boolean> = () => Promise.resolve(true),
) {
  const clock = new ManualClock()
  const registry = new EmbeddedRegistry(join(folder, 'registry'), clock)
  const store = new OperatorStore(join(folder, 'kept'), clock)
  const changes: ChangeEntry[] = []
  const prober = new Prober({
    clock,
    onAccepted: (endpoint) => pipeline.onAccepted(endpoint),
    connect,
  })
  const pipeline: Pipeline = new Pipeline({
    registry,
    clock,
    settings: {} as RoutingSettings,
    store,
    prober,
    route: routeLines,
    apply,
    onChange: (change) => changes.push(change),
    ...parts,
  })
  const controller = new AbortController()
  const running = pipeline.run(controller.signal)
  stop.push(async () => {
    controller.abort()
    prober.stop()
    await running
    await registry.flush()
    await store.flush()
  })
  await clock.advance(0)
  const start = (id: string): void => registry.accept(observationOf(id))
  return { pipeline, registry, clock, changes, start }
}

function observationOf(id: string): Observation {
  return {
    source: 'docker:pi1',
    isComplete: false,
    upserts: [sampleCandidate([sampleEndpoint({ id })])],
    removals: [],
    cause: `start ${id}`,
    eventAtMs: 900_000,
  }
}

describe('the pipeline', () => {
  it('applies the first change at once and merges those that come during an apply', async () => {
    const applied: string[] = []
    let finish = (): void => undefined
    const { clock, start } = await startPipeline(async (desired) => {
      applied.push(desired.config)
      if (applied.length === 1) await new Promise<void>((resolve) => (finish = resolve))
      return done
    })
    start('pi1:a:80')
    await clock.advance(0)
    start('pi1:b:80')
    start('pi1:c:80')
    await clock.advance(0)
    expect(applied).toHaveLength(1)
    finish()
    await clock.advance(1)
    expect(applied[1]).toContain('pi1:c:80')
  })

  it('tells of every pass, also of one that changes nothing', async () => {
    const passes: boolean[] = []
    const onPass: PipelineParts['onPass'] = ({ isApplied }) => passes.push(isApplied)
    const { clock, pipeline, start, changes } = await startPipeline(() => Promise.resolve(done), {
      onPass,
    })
    start('pi1:a:80')
    await clock.advance(10)
    const [before, told] = [passes.length, changes.length]
    expect(before).toBeGreaterThan(0)
    pipeline.trigger('somebody asked')
    await clock.advance(10)
    expect(passes).toHaveLength(before + 1)
    expect(changes).toHaveLength(told)
  })

  it('tells what led to a change and how long it took since the event', async () => {
    const { clock, start, changes } = await startPipeline(() => Promise.resolve(done))
    start('pi1:a:80')
    await clock.advance(1)
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject({
      how: 'runtime',
      causes: ['start pi1:a:80', 'pi1:a:80 accepts connections'],
      eventToDoneMs: 100_000,
    })
  })

  it('does not wait for a program that takes its time: it comes in first, and gets traffic later', async () => {
    const applied: string[] = []
    let answer: (hasAccepted: boolean) => void = () => undefined
    const { clock, start } = await startPipeline(
      (desired) => {
        applied.push(desired.config)
        return Promise.resolve(done)
      },
      {},
      () => new Promise((resolve) => (answer = resolve)),
    )
    start('pi1:a:80')
    await clock.advance(10)
    expect(applied).toEqual(['pi1:a:80 false\n'])
    answer(true)
    await clock.advance(10)
    expect(applied).toEqual(['pi1:a:80 false\n', 'pi1:a:80 true\n'])
  })

  it('keeps the last state and tries again when an apply fails', async () => {
    let isBroken = true
    const { clock, pipeline, start, changes } = await startPipeline(() =>
      isBroken
        ? Promise.reject(
            new FairleadError('config_rejected', 'line 3 is wrong', { hint: 'see the log' }),
          )
        : Promise.resolve(done),
    )
    start('pi1:a:80')
    await clock.advance(1)
    expect(pipeline.state().isApplied).toBe(false)
    expect(pipeline.state().problems).toEqual([
      { where: 'haproxy', what: 'line 3 is wrong', hint: 'see the log' },
    ])
    expect(changes[0]?.how).toBe('failed')
    isBroken = false
    await clock.advance(60_000)
    expect(pipeline.state().isApplied).toBe(true)
    expect(pipeline.state().problems).toEqual([])
  })

  it('goes on after a pass in which routing failed', async () => {
    let isBroken = true
    const applied: string[] = []
    const { pipeline, clock, changes } = await startPipeline(
      (desired) => {
        applied.push(desired.config)
        return Promise.resolve(done)
      },
      {
        route: (input) => {
          if (isBroken) throw new TypeError('a defect')
          return routeLines(input)
        },
      },
    )
    pipeline.trigger('start')
    await pipeline.firstPass()
    expect(pipeline.state()).toMatchObject({ isApplied: false, problems: [{ what: 'a defect' }] })
    expect(changes.map(({ how }) => how)).toEqual(['failed'])
    isBroken = false
    await clock.advance(1_000)
    expect(applied).toEqual([''])
    expect(pipeline.state()).toMatchObject({ isApplied: true, error: undefined })
  })

  it('does nothing when a change leaves the desired state as it is', async () => {
    let applies = 0
    const { clock, pipeline, start } = await startPipeline(() => {
      applies += 1
      return Promise.resolve(done)
    })
    start('pi1:a:80')
    await clock.advance(1)
    const before = applies
    pipeline.trigger('nothing of importance')
    await clock.advance(1)
    expect(applies).toBe(before)
    pipeline.triggerRepair('HAProxy came back')
    await clock.advance(1)
    expect(applies).toBe(before + 1)
  })

  it('repairs after the apply what went wrong while it was under way', async () => {
    let applies = 0
    let finish: (applied: Applied) => void = () => undefined
    const { clock, pipeline, start } = await startPipeline(() => {
      applies += 1
      return new Promise((resolve) => (finish = resolve))
    })
    start('pi1:a:80')
    await clock.advance(1)
    pipeline.triggerRepair('HAProxy ended')
    const before = applies
    finish(done)
    await clock.advance(1)
    expect(applies).toBe(before + 1)
    finish(done)
    await clock.advance(1)
    expect(applies).toBe(before + 1)
    expect(pipeline.state()).toMatchObject({ isApplied: true })
  })

  it('lets a server that the adopted HAProxy serves go on at once, unless its address is another', async () => {
    const applied: string[] = []
    const serving = new Map([
      ['b/pi1:a:80', { address: '10.0.0.1', port: 80 }],
      ['b/pi1:b:80', { address: '10.9.9.9', port: 80 }],
    ])
    const { clock, registry } = await startPipeline(
      (desired) => {
        applied.push(desired.config)
        return Promise.resolve(done)
      },
      { serving },
      () => Promise.resolve(false),
    )
    registry.accept(observationOf('pi1:a:80'))
    registry.accept({ ...observationOf('pi1:b:80'), isComplete: false })
    await clock.advance(0)
    expect(applied[0]).toBe('pi1:a:80 true\npi1:b:80 false\n')
  })
})
