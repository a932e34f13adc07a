import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { DesiredState } from '../model/desired-state.ts'
import { ManualClock } from '../support/clock.ts'
import { Applier } from './applier.ts'
import { structureKey } from './apply/structure-key.ts'
import { planChanges } from './diff/plan-changes.ts'
import { MemoryHaproxy } from './memory-control.ts'

const forMs = 5_000
let folder: string
let haproxy: MemoryHaproxy
let clock: ManualClock
let applier: Applier

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-probation-'))
  haproxy = new MemoryHaproxy(join(folder, 'haproxy.cfg'))
  clock = new ManualClock()
  applier = newApplier()
  await applier.applyDesired(text('one'))
  await clock.advance(forMs)
})

afterEach(async () => {
  await applier.close()
  await rm(folder, { recursive: true })
})

function newApplier(): Applier {
  const probation = { recordPath: join(folder, 'probation.json'), forMs }
  return new Applier({ haproxy, planChanges, clock, probation })
}

function text(name: string, ...servers: readonly string[]): DesiredState {
  const lines = servers.map((each) => `  server ${each}\n`).join('')
  return {
    config: `frontend ${name}\n  bind 127.0.0.1:80\nbackend app\n  mode http\n${lines}`,
    files: new Map([[join(folder, 'note.txt'), `of ${name}\n`]]),
    servers: new Map(),
  }
}

const onDisk = () => readFile(haproxy.configPath, 'utf8')
const note = () => readFile(join(folder, 'note.txt'), 'utf8')
const settled = async () => {
  await clock.advance(forMs)
  // The files are removed after the clock has moved on.
  await applier.checkDrift(text('one'))
}

it('keeps the files of before only until the new text has lasted', async () => {
  await applier.applyDesired(text('two'))
  expect((await readdir(folder)).filter((name) => name.endsWith('.old'))).toHaveLength(2)
  await settled()
  expect((await readdir(folder)).toSorted()).toEqual(['haproxy.cfg', 'note.txt'])
  haproxy.crash()
  expect(await applier.applyDesired(text('two'))).toMatchObject({ how: 'reload' })
  expect(await onDisk()).toBe(text('two').config)
})

it('goes back behind all texts that came within it, with the files that they name', async () => {
  await applier.applyDesired(text('two'))
  await clock.advance(3_000)
  await applier.applyDesired(text('three'))
  await clock.advance(3_000)
  haproxy.crash()
  await expect(applier.applyDesired(text('three'))).rejects.toMatchObject({
    code: 'haproxy_crashed',
    culprits: expect.arrayContaining([
      expect.stringContaining('frontend two is new'),
      expect.stringContaining('frontend three is new'),
    ]) as unknown,
  })
  expect([await onDisk(), await note()]).toEqual([text('one').config, 'of one\n'])
  expect(haproxy.isRunning).toBe(true)
  expect((await readdir(folder)).toSorted()).toEqual(['haproxy.cfg', 'note.txt'])
})

it('is taken up by the next fairlead, which finds HAProxy running', async () => {
  await applier.applyDesired(text('two'))
  await applier.close()
  applier = newApplier()
  expect(await applier.applyDesired(text('two'))).toMatchObject({ how: 'none' })
  haproxy.crash()
  await expect(applier.applyDesired(text('two'))).rejects.toThrow('HAProxy ended')
  expect([await onDisk(), await note()]).toEqual([text('one').config, 'of one\n'])
})

it('pauses longer each time, and tries another text at once', async () => {
  for (const pauseMs of [30_000, 60_000, 120_000]) {
    await applier.applyDesired(text('two'))
    haproxy.crash()
    await expect(applier.applyDesired(text('two'))).rejects.toThrow('HAProxy ended')
    await clock.advance(pauseMs - 1)
    await expect(applier.applyDesired(text('two'))).rejects.toThrow('HAProxy ended')
    await clock.advance(1)
  }
  expect(await applier.applyDesired(text('three'))).toMatchObject({ how: 'reload' })
})

it('judges a text by its structure: not by which servers there are, but by what they are like', () => {
  const key = (...servers: readonly string[]): string => structureKey(text('one', ...servers))
  expect(key('a 10.0.0.1:80 check', 'b 10.0.0.2:80 check')).toBe(
    key('c 10.0.0.3:81 weight 7 check'),
  )
  expect(key('a 10.0.0.1:80 check')).not.toBe(key('a 10.0.0.1:80 check inter 9s'))
  expect(key()).not.toBe(structureKey(text('two')))
})
