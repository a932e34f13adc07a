import { afterEach, describe, expect, it } from 'vitest'
import { FairleadError } from '../model/errors.ts'
import { MemoryBackend } from './memory-backend.ts'
import {
  RegistrarLab,
  containerId,
  idOf,
  labContainer,
  observation,
} from './testing/registrar-lab.ts'
import type { RegistrarOptions } from './registrar-options.ts'

let lab: RegistrarLab

async function started(
  options: Partial<RegistrarOptions> = {},
  backend?: MemoryBackend,
): Promise<RegistrarLab> {
  lab = new RegistrarLab(options, backend)
  await lab.start()
  return lab
}

afterEach(() => lab.end())

const refusal = new FairleadError('consul_refused', 'Invalid Service Meta')
const broken = new FairleadError('consul_unreachable', 'connection reset')

describe('registering', () => {
  it('registers what starts and deregisters what dies', async () => {
    await started()
    await lab.up(labContainer(1))
    expect(lab.backend.services.get(idOf(1))).toMatchObject({ Name: 'web', Address: '10.0.0.1' })
    await lab.die(1)
    expect(lab.backend.services.size).toBe(0)
    expect(lab.kinds()).toEqual(['added', 'removed'])
  })

  it('never sends an unchanged registration twice in a row', async () => {
    await started()
    await lab.list(labContainer(1))
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { health: 'critical' }))
    await lab.list(labContainer(1))
    expect(lab.backend.count('register')).toBe(1)
  })

  it('sends a changed registration once more', async () => {
    await started()
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { tags: ['new'] }))
    expect(lab.backend.services.get(idOf(1))?.Tags).toEqual(['new'])
    expect(lab.kinds()).toEqual(['added', 'refreshed'])
  })

  it('sends nothing for a container that started and died before its turn', async () => {
    await started()
    lab.registrar.accept(observation({ upserts: [labContainer(1)] }))
    await lab.die(1)
    expect(lab.backend.calls).toEqual(['list'])
  })

  it('sends only the newest of the states that came while one was being sent', async () => {
    await started()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    lab.backend.onCall = () => held
    await lab.up(labContainer(1))
    for (const tag of ['a', 'b', 'c']) await lab.up(labContainer(1, { tags: [tag] }))
    lab.backend.onCall = () => {}
    release()
    await lab.rest()
    expect(lab.backend.count('register')).toBe(2)
    expect(lab.backend.services.get(idOf(1))?.Tags).toEqual(['c'])
  })

  it('deregisters after a registration that was under way when its container died', async () => {
    await started()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    lab.backend.onCall = () => held
    await lab.up(labContainer(1))
    await lab.die(1)
    expect(lab.backend.count('deregister')).toBe(0)
    release()
    await lab.rest()
    expect(lab.backend.services.size).toBe(0)
  })

  it('has eight writes under way at most, and registers each of 200 once', async () => {
    await started()
    lab.backend.onCall = () => new Promise((resolve) => setImmediate(resolve))
    const containers = Array.from({ length: 200 }, (_, at) => labContainer(at + 1))
    await lab.list(...containers)
    await lab.registrar.settled()
    expect(lab.backend.services.size).toBe(200)
    expect(lab.backend.count('register')).toBe(200)
    expect(lab.backend.mostInFlight).toBe(8)
  })

  it('leaves one id of two containers to the younger, then to the other', async () => {
    await started()
    const id = 'shared'
    await lab.up(labContainer(2, { id }), labContainer(1, { id }))
    expect(lab.backend.services.get(id)?.Address).toBe('10.0.0.2')
    await lab.die(2)
    expect(lab.backend.services.get(id)?.Address).toBe('10.0.0.1')
    expect(lab.backend.count('deregister')).toBe(0)
  })

  it('deregisters nothing when it ends', async () => {
    await started()
    await lab.up(labContainer(1))
    await lab.end()
    expect(lab.backend.services.size).toBe(1)
  })
})

describe('failing', () => {
  it('retries a refused service by itself, later each time, while others go on', async () => {
    await started()
    lab.backend.onCall = (call) => {
      if (call === `register ${idOf(1)}`) throw refusal
    }
    await lab.up(labContainer(1), labContainer(2))
    await lab.up(labContainer(3))
    expect([...lab.backend.services.keys()]).toEqual([idOf(2), idOf(3)])
    expect(lab.registrar.state().problems[0]?.what).toContain('Invalid Service Meta')
    await lab.pass(60_000, 250)
    // After 1, 2, 4, 8, 16 s and more, each up to a quarter less.
    expect(lab.backend.count(`register ${idOf(1)}`)).toBeGreaterThan(5)
    expect(lab.backend.count(`register ${idOf(1)}`)).toBeLessThan(9)
    expect(lab.backend.count(`register ${idOf(2)}`)).toBe(1)
    lab.backend.onCall = () => {}
    await lab.pass(60_000, 250)
    expect(lab.backend.services.has(idOf(1))).toBe(true)
    expect(lab.registrar.state().problems).toEqual([])
  })

  it('does not try a refused service sooner because its container said the same again', async () => {
    await started()
    lab.backend.onCall = (call) => {
      if (call.startsWith('register')) throw refusal
    }
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { health: 'critical' }))
    expect(lab.backend.count('register')).toBe(1)
    await lab.up(labContainer(1, { tags: ['corrected'] }))
    expect(lab.backend.count('register')).toBe(2)
  })

  it('retries a failed deregistration until it is done', async () => {
    await started()
    await lab.up(labContainer(1))
    lab.backend.onCall = (call) => {
      if (call.startsWith('deregister')) throw refusal
    }
    await lab.die(1)
    expect(lab.backend.services.size).toBe(1)
    expect(lab.kinds()).toContain('deregister-failed')
    lab.backend.onCall = () => {}
    await lab.pass(1000)
    expect(lab.backend.services.size).toBe(0)
  })

  it('writes nothing while the registry is away, and everything when it is back', async () => {
    await started()
    await lab.list(labContainer(1), labContainer(2))
    lab.backend.isUnreachable = true
    await lab.die(1)
    lab.backend.calls.length = 0
    await lab.up(labContainer(3))
    await lab.up(labContainer(4))
    await lab.die(4)
    await lab.pass(10_000, 100)
    expect(lab.backend.calls.every((call) => call === 'list')).toBe(true)
    expect(lab.registrar.state()).toMatchObject({ isReachable: false, error: /does not answer/ })
    lab.backend.isUnreachable = false
    await lab.pass(5000, 100)
    expect([...lab.backend.services.keys()]).toEqual([idOf(2), idOf(3)])
    expect(lab.backend.count(`register ${idOf(4)}`)).toBe(0)
    expect(lab.kinds().filter((kind) => kind === 'reachable')).toHaveLength(1)
  })

  it('sends what failed at once when the registry is back, before its own time', async () => {
    await started()
    lab.backend.isUnreachable = true
    await lab.up(labContainer(1))
    expect(lab.backend.count('register')).toBe(1)
    await lab.pass(150)
    lab.backend.isUnreachable = false
    await lab.pass(350)
    expect(lab.backend.services.size).toBe(1)
  })

  it('sends everything again, once, to a registry that came back empty', async () => {
    await started()
    await lab.list(labContainer(1), labContainer(2))
    lab.backend.isUnreachable = true
    await lab.up(labContainer(3))
    lab.backend.services.clear()
    lab.backend.calls.length = 0
    lab.backend.isUnreachable = false
    await lab.pass(5000, 100)
    expect(lab.backend.services.size).toBe(3)
    expect(lab.backend.count('register')).toBe(3)
  })

  it('retries a failure by itself when the registry is there', async () => {
    await started()
    lab.backend.onCall = (call) => {
      if (call === `register ${idOf(1)}`) throw broken
    }
    await lab.up(labContainer(1))
    await lab.pass(10_000, 100)
    expect(lab.backend.count('register')).toBeLessThan(6)
    await lab.up(labContainer(2))
    expect(lab.backend.services.has(idOf(2))).toBe(true)
  })

  it('deregisters a service whose registration failed without saying whether it was taken', async () => {
    await started()
    lab.backend.onCall = (call) => {
      if (call.startsWith('register')) throw broken
    }
    await lab.up(labContainer(1))
    lab.backend.services.set(idOf(1), { ID: idOf(1), Name: 'web' })
    await lab.die(1)
    expect(lab.backend.services.size).toBe(0)
  })
})

describe('an earlier run', () => {
  it('leaves alone what is registered as it is wanted', async () => {
    const backend = new MemoryBackend()
    const first = new RegistrarLab({}, backend)
    await first.start()
    await first.list(labContainer(1), labContainer(2))
    await first.end()
    await started({}, backend)
    await lab.list(labContainer(1), labContainer(2, { tags: ['new'] }))
    expect(backend.count('register')).toBe(3)
    expect(lab.kinds().toSorted()).toEqual(['added', 'unchanged'])
  })

  it('sends once what has checks, since the registry does not tell them', async () => {
    const backend = new MemoryBackend()
    const meta = { check_http: '/' }
    const first = new RegistrarLab({}, backend)
    await first.start()
    await first.list(labContainer(1, { meta }))
    await first.end()
    await started({}, backend)
    await lab.list(labContainer(1, { meta }))
    await lab.registrar.verify()
    await lab.rest()
    expect(backend.count('register')).toBe(2)
  })
})

describe('containers that went unseen', () => {
  it('removes what is missing from a full list', async () => {
    await started()
    await lab.list(labContainer(1), labContainer(2))
    await lab.list(labContainer(2))
    expect([...lab.backend.services.keys()]).toEqual([idOf(2)])
    expect(lab.kinds().slice(2)).toEqual(['stale', 'removed'])
  })

  it('takes nothing of one source for missing from the list of another', async () => {
    await started({ sources: ['docker:pi1', 'docker:pi2'] })
    await lab.list(labContainer(1))
    await lab.observe({ source: 'docker:pi2', isComplete: true, upserts: [labContainer(2)] })
    await lab.observe({ source: 'docker:pi2', removals: [containerId(1)] })
    expect(lab.backend.services.size).toBe(2)
  })
})
