import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeEntry } from '../test/support/memory-daemon.ts'
import { DaemonHistory } from './daemon-history.ts'
import { pathsOf } from './daemon-settings.ts'
import type { DesiredState } from './model/desired-state.ts'
import { FairleadError } from './model/errors.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { systemClock } from './support/clock.ts'

let folder: string
const opened: DaemonHistory[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-daemon-history-'))
})

afterEach(async () => {
  for (const history of opened.splice(0)) await history.flush()
  await rm(folder, { recursive: true, force: true })
})

function stateOf(maxconn: number): DesiredState {
  const config = `global\n  maxconn ${maxconn}\nbackend web\n  server a 10.0.0.${maxconn}:80\n`
  return { config, files: new Map(), servers: new Map() }
}

const live = stateOf(9)

async function open(): Promise<DaemonHistory> {
  const history = await DaemonHistory.open(pathsOf(folder), 100, systemClock)
  opened.push(history)
  return history
}

function keep(history: DaemonHistory, maxconn: number, changes = {}): void {
  history.record(changeEntry(changes), { commands: [], problems: [], state: stateOf(maxconn) })
}

/** A pipeline that has applied `live`, and says what it is asked for. */
function pipelineThat(settle: (what: string) => Promise<void>) {
  const triggered: string[] = []
  const pipeline = {
    state: () => ({ routing: { desired: live } }),
    settle,
    trigger: (what: string) => triggered.push(what),
  } as unknown as Pipeline
  return { pipeline, triggered }
}

describe('the history of the daemon', () => {
  it('numbers generations on and on, over restarts, and tells those of before', async () => {
    const first = await open()
    keep(first, 1)
    keep(first, 2)
    await first.flush()
    const second = await open()
    keep(second, 3)
    expect(second.ledger.recent().map(({ id }) => id)).toEqual([1, 2, 3])
    expect((await second.generation(3)).id).toBe(3)
    expect((await second.list(1)).map(({ id }) => id)).toEqual([3])
    await expect(second.generation(4)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('counts a failure that is the same again as one generation', async () => {
    const history = await open()
    const failed = { how: 'failed', reasons: ['line 3 is wrong'] }
    for (const reasons of [['line 3 is wrong'], ['line 3 is wrong'], ['line 4 is wrong']]) {
      keep(history, 1, { ...failed, reasons })
    }
    keep(history, 1)
    keep(history, 1, failed)
    const hows = history.ledger.recent().map(({ how }) => how)
    expect(hows).toEqual(['failed', 'failed', 'runtime', 'failed'])
  })

  it('tells the difference to another generation, and to what is in force', async () => {
    const history = await open()
    keep(history, 1)
    keep(history, 2)
    const { changes, text } = await history.diff(1, 2, true, undefined)
    expect(changes.some((each) => each.includes('maxconn'))).toBe(true)
    expect(text).toContain('-  maxconn 1\n+  maxconn 2\n')
    expect(await history.diff(2, undefined, false, stateOf(2))).toMatchObject({ changes: [] })
    await expect(history.diff(1, 7, false, live)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('rolls back, stays pinned over a restart, and unpins', async () => {
    const history = await open()
    keep(history, 1)
    const asked: string[] = []
    const { pipeline } = pipelineThat((what) => {
      asked.push(`${what}: ${history.steer(live).desired.config.replaceAll('\n', '|')}`)
      return Promise.resolve()
    })
    expect(await history.rollback(1, pipeline)).toMatchObject({ generation: 1 })
    await history.flush()
    expect((await open()).steer(live).pinnedTo).toBe(1)
    expect(await history.unpin(pipeline)).toMatchObject({ generation: 1 })
    expect(asked).toEqual([
      'rollback to 1 by operator: global|  maxconn 1|backend web|  server a 10.0.0.9:80|',
      'unpin from 1 by operator: global|  maxconn 9|backend web|  server a 10.0.0.9:80|',
    ])
    expect((await open()).pin).toBeUndefined()
    await expect(history.unpin(pipeline)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is pinned as before when HAProxy rejects the state', async () => {
    const history = await open()
    keep(history, 1)
    keep(history, 2)
    let isRejected = true
    const { pipeline, triggered } = pipelineThat(() =>
      isRejected
        ? Promise.reject(new FairleadError('config_rejected', 'line 3 is wrong'))
        : Promise.resolve(),
    )
    await expect(history.rollback(1, pipeline)).rejects.toMatchObject({ code: 'config_rejected' })
    expect(history.pin).toBeUndefined()
    expect(triggered).toEqual(['rollback to 1 failed: line 3 is wrong'])
    isRejected = false
    await history.rollback(1, pipeline)
    isRejected = true
    await expect(history.rollback(2, pipeline)).rejects.toThrow('line 3')
    expect(history.pin?.generation).toBe(1)
    await history.flush()
    expect((await open()).pin?.generation).toBe(1)
  })

  it('does not go back to what was never in force', async () => {
    const history = await open()
    keep(history, 1, { how: 'failed' })
    const { pipeline } = pipelineThat(() => Promise.resolve())
    await expect(history.rollback(1, pipeline)).rejects.toMatchObject({ code: 'usage' })
    await expect(history.rollback(2, pipeline)).rejects.toMatchObject({ code: 'not_found' })
  })
})
