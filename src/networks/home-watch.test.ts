import { afterEach, beforeEach, expect, it } from 'vitest'
import { FakeDocker } from '../../test/support/fake-docker.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { ManualClock, systemClock } from '../support/clock.ts'
import { HomeWatch } from './home-watch.ts'
import { mayHaveLabelled } from './labelled.ts'

let one: FakeDocker
let two: FakeDocker
const ending: { abort: () => void; run: Promise<void> }[] = []

beforeEach(async () => {
  one = new FakeDocker()
  two = new FakeDocker()
  await one.start()
  await two.start()
})

afterEach(async () => {
  for (const { abort, run } of ending.splice(0)) {
    abort()
    await run
  }
  await one.stop()
  await two.stop()
})

const hostOf = (url: string) => ({ name: undefined, url, certFolder: undefined })

function watch(clock = systemClock, isServing = false): HomeWatch {
  const home = new HomeWatch({
    instance: 'default',
    named: 'hap',
    hosts: [hostOf(one.url), hostOf(two.url)],
    ownIds: new Set(),
    isAttached: true,
    isServing,
    clock,
    onUpdate: () => undefined,
  })
  const controller = new AbortController()
  ending.push({ abort: () => controller.abort(), run: home.run(controller.signal) })
  return home
}

it('stays with the daemon that it has found HAProxy’s container on', async () => {
  one.run({ id: 'hap', name: 'hap' })
  const home = watch()
  await waitUntil('found', () => home.isHome(one.url))
  two.run({ id: 'hap', name: 'hap' })
  one.containers.clear()
  const before = one.asked.filter((path) => path === '/info').length
  one.dropAll()
  await waitUntil('found again', () => one.asked.filter((path) => path === '/info').length > before)
  expect(home.isHome(one.url)).toBe(true)
  expect(two.asked).toEqual([])
})

it.each([
  ['at a first start', false, 3_000],
  ['where HAProxy serves', true, 15_000],
])('waits just so long for a daemon that does not answer %s', async (_when, isServing, waitMs) => {
  one.isFrozen = true
  const clock = new ManualClock()
  const home = watch(clock, isServing)
  const { signal } = new AbortController()
  let isReady = false
  const ready = home.ready(signal).then(() => (isReady = true))
  await clock.advance(waitMs - 1)
  expect(isReady).toBe(false)
  await clock.advance(1)
  await ready
  await home.ready(signal)
  expect(home.home).toBeUndefined()
})

it('takes HAProxy for a process when a local daemon knows no such container, by one question', async () => {
  const settings = { docker: [hostOf(one.url)], name: 'default' }
  expect(await mayHaveLabelled(settings, false)).toBe(false)
  expect(one.asked).toEqual(['/containers/json'])
  expect(await mayHaveLabelled(settings, true)).toBe(true)
  one.run({ id: 'hap', name: 'hap' })
  expect(await mayHaveLabelled(settings, false)).toBe(true)
})
