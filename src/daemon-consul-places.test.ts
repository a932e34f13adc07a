import pino from 'pino'
import { expect, it } from 'vitest'
import { LocalPlaces } from './daemon-consul-places.ts'
import { DockerError } from './discovery/docker/docker-error.ts'
import { ManualClock } from './support/clock.ts'

const log = pino({ level: 'silent' })
const { signal } = new AbortController()

/** A Docker daemon whose lists end when they are told to. */
class FakeDaemon {
  readonly source: string
  readonly isLocal: boolean
  #asked: { resolve(): void; reject(error: Error): void }[] = []

  constructor(source: string, isLocal = true) {
    this.source = source
    this.isLocal = isLocal
  }

  get asked(): number {
    return this.#asked.length
  }

  relist(): Promise<void> {
    return new Promise((resolve, reject) => this.#asked.push({ resolve, reject }))
  }

  listed(): void {
    this.#asked.at(-1)?.resolve()
  }

  failed(error: Error): void {
    this.#asked.at(-1)?.reject(error)
  }
}

function placesOf(daemons: readonly FakeDaemon[], areKnown = false) {
  const clock = new ManualClock()
  const told: boolean[] = []
  const places: LocalPlaces = new LocalPlaces({
    clock,
    log,
    areKnown,
    onKnown: () => told.push(places.areKnown),
  })
  places.follow(daemons)
  return { places, clock, told }
}

it('knows the addresses when every daemon was listed with the new one', async () => {
  const daemons = [new FakeDaemon('a'), new FakeDaemon('b', false)] as const
  const { places, told } = placesOf(daemons)
  const learnt = places.learn(signal)
  daemons[0].listed()
  await new Promise((resolve) => setImmediate(resolve))
  expect(places.areKnown).toBe(false)
  daemons[1].listed()
  await learnt
  expect(told).toEqual([true])
})

it('asks a daemon again that could not be listed', async () => {
  const daemon = new FakeDaemon('a')
  const { places, clock, told } = placesOf([daemon])
  const learnt = places.learn(signal)
  daemon.failed(new DockerError('gone'))
  await clock.advance(0)
  expect(daemon.asked).toBe(1)
  await clock.advance(250)
  expect(daemon.asked).toBe(2)
  expect(places.areKnown).toBe(false)
  daemon.listed()
  await learnt
  expect(told).toEqual([true])
})

it('needs no address for the daemons of other machines', () => {
  expect(placesOf([new FakeDaemon('a', false)]).places.areKnown).toBe(true)
  expect(placesOf([new FakeDaemon('a')]).places.areKnown).toBe(false)
})

it('tells nothing of another address, or when all ends', async () => {
  const daemon = new FakeDaemon('a')
  const moved = placesOf([daemon], true)
  const learnt = moved.places.learn(signal)
  daemon.listed()
  await learnt
  expect(moved.told).toEqual([])
  const ended = placesOf([daemon])
  await ended.places.learn(AbortSignal.abort())
  expect(ended.places.areKnown).toBe(false)
})
