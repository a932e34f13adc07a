import { afterEach, describe, expect, it } from 'vitest'
import type { Draining } from '../model/endpoint.ts'
import { FairleadError } from '../model/errors.ts'
import { asRegistratorDoes } from './endpoint-to-registration.ts'
import { markedBy } from './foreign.ts'
import { MemoryBackend } from './memory-backend.ts'
import type { RegistrarOptions } from './registrar-options.ts'
import { RegistrarLab, idOf, labContainer } from './testing/registrar-lab.ts'

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

const draining: Draining = { reason: 'SIGTERM', sinceMs: 0, untilMs: 10_000 }
const marked = { ...asRegistratorDoes, isOwnerMarked: true }

describe('when a container ends', () => {
  it('keeps its services after a failure where only success removes them', async () => {
    await started({ deregister: 'on-success' })
    await lab.up(labContainer(1), labContainer(2), labContainer(3))
    await lab.die(1, 1)
    await lab.die(2, 137)
    await lab.die(3)
    expect([...lab.backend.services.keys()]).toEqual([idOf(1)])
    expect(lab.events).toContainEqual(
      expect.objectContaining({ kind: 'kept', why: 'it ended with code 1' }),
    )
  })

  it('does not register a kept service again that comes back as it was', async () => {
    await started({ deregister: 'never' })
    await lab.up(labContainer(1))
    await lab.die(1, 0)
    await lab.up(labContainer(1))
    expect(lab.backend.calls).toEqual(['list', `register ${idOf(1)}`])
  })

  it('takes no kept service for dangling', async () => {
    await started({
      deregister: 'on-success',
      registration: marked,
      dangling: markedBy(new Set(['pi1'])),
    })
    await lab.list(labContainer(1))
    await lab.die(1, 1)
    await lab.registrar.verify()
    await lab.rest()
    expect(lab.backend.services.size).toBe(1)
  })

  it('deregisters a service that its living container no longer has, in every mode', async () => {
    await started({ deregister: 'never' })
    await lab.up(labContainer(1))
    await lab.up({ ...labContainer(1), endpoints: [] })
    expect(lab.backend.services.size).toBe(0)
  })
})

describe('when a container is told to stop', () => {
  it('does nothing before it dies, unless told otherwise', async () => {
    await started()
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { draining }))
    expect(lab.backend.calls).toEqual(['list', `register ${idOf(1)}`])
  })

  it('deregisters at once, and registers again when it goes on running', async () => {
    await started({ deregisterOn: 'stop' })
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { draining }))
    expect(lab.backend.services.size).toBe(0)
    await lab.up(labContainer(1))
    expect(lab.backend.services.size).toBe(1)
  })

  it('never deregisters at a stop what is never deregistered', async () => {
    await started({ deregisterOn: 'stop', deregister: 'never' })
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { draining }))
    expect(lab.backend.services.size).toBe(1)
  })

  it('puts it into maintenance first and deregisters at its death', async () => {
    await started({ deregisterOn: 'drain' })
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { draining }))
    expect(lab.backend.maintenance.get(idOf(1))).toBe('fairlead: SIGTERM')
    expect(lab.backend.services.size).toBe(1)
    await lab.die(1, 0)
    expect(lab.backend.services.size).toBe(0)
  })

  it('takes maintenance back when it goes on running', async () => {
    await started({ deregisterOn: 'drain' })
    await lab.up(labContainer(1))
    await lab.up(labContainer(1, { draining }))
    await lab.up(labContainer(1))
    expect(lab.backend.maintenance.size).toBe(0)
    expect(lab.events.at(-1)).toMatchObject({ kind: 'maintenance', reason: '' })
  })
})

describe('maintenance', () => {
  it('follows a paused container', async () => {
    await started({ isMaintenanceFollowed: true })
    await lab.up(labContainer(1, { health: 'maintenance', healthReason: 'paused' }))
    expect(lab.backend.maintenance.get(idOf(1))).toBe('fairlead: paused')
    await lab.up(labContainer(1))
    expect(lab.backend.maintenance.size).toBe(0)
  })

  it('of an earlier run ends, of somebody else stays', async () => {
    const backend = new MemoryBackend()
    const first = new RegistrarLab({ isMaintenanceFollowed: true }, backend)
    await first.start()
    const paused = { health: 'maintenance', healthReason: 'paused' } as const
    await first.list(labContainer(1, paused), labContainer(2))
    await first.end()
    backend.maintenance.set(idOf(2), 'by hand')
    await started({ isMaintenanceFollowed: true }, backend)
    await lab.list(labContainer(1), labContainer(2))
    expect([...backend.maintenance]).toEqual([[idOf(2), 'by hand']])
    await lab.up(labContainer(2, paused))
    await lab.up(labContainer(2))
    expect([...backend.maintenance]).toEqual([[idOf(2), 'by hand']])
  })

  it('is no problem any longer when it was set and only the answer was lost', async () => {
    await started({ isMaintenanceFollowed: true })
    await lab.up(labContainer(1))
    lab.backend.onDone = (call) => {
      if (call.startsWith('maintenance')) throw new FairleadError('consul_unreachable', 'reset')
    }
    await lab.up(labContainer(1, { health: 'maintenance', healthReason: 'paused' }))
    expect(lab.registrar.state().problems).toHaveLength(1)
    await lab.pass(1000)
    expect(lab.backend.count('maintenance')).toBe(1)
    expect(lab.registrar.state().problems).toEqual([])
  })

  it('is set again in a registry that came back empty', async () => {
    await started({ isMaintenanceFollowed: true })
    await lab.up(labContainer(1, { health: 'maintenance', healthReason: 'paused' }))
    await lab.backend.deregister({ ID: idOf(1), Name: 'web' })
    await lab.registrar.verify()
    await lab.rest()
    expect(lab.backend.maintenance.has(idOf(1))).toBe(true)
  })
})

describe('health', () => {
  const registration = { ...asRegistratorDoes, healthTtlMs: 30_000 }
  const checkId = `docker-health:${idOf(1)}`
  const reported = (health: 'passing' | 'critical', healthReason = '') =>
    labContainer(1, { isHealthReported: true, health, healthReason })

  it('is registered in its state and updated at once when that changes', async () => {
    await started({ registration })
    await lab.up(reported('passing'))
    expect(lab.backend.checks.get(checkId)).toMatchObject({ status: 'passing' })
    await lab.up(reported('critical', 'exit 1'))
    expect(lab.backend.checks.get(checkId)).toMatchObject({ status: 'critical', output: 'exit 1' })
    expect(lab.backend.count('register')).toBe(1)
  })

  it('becomes critical by way of another state, which Consul passes on at once', async () => {
    await started({ registration })
    await lab.up(reported('critical', 'starting'))
    const sent: string[] = []
    lab.backend.onCall = (call) => {
      if (call.startsWith('check')) sent.push(lab.backend.checks.get(checkId)?.status ?? '')
    }
    await lab.up(reported('passing'))
    await lab.up(reported('critical', 'exit 1'))
    // What there was when each update came: the last one is critical.
    expect(sent).toEqual(['critical', 'passing', 'warning'])
    await lab.up(reported('critical', 'exit 2'))
    expect(sent).toEqual(['critical', 'passing', 'warning', 'critical'])
    expect(lab.backend.checks.get(checkId)).toMatchObject({ status: 'critical', output: 'exit 2' })
  })

  it('is sent again at every third of the TTL', async () => {
    await started({ registration })
    await lab.up(reported('passing'), labContainer(2))
    await lab.pass(60_000, 1000)
    expect(lab.backend.count('check')).toBe(6)
    expect(lab.registrar.state().counters.heartbeats).toBe(6)
  })

  it('never waits in the way of a container that has just started', async () => {
    await started({ registration })
    const many = Array.from({ length: 50 }, (_, at) =>
      labContainer(at + 1, { isHealthReported: true }),
    )
    await lab.list(...many)
    await lab.pass(5000)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    lab.backend.onCall = (call) => (call.startsWith('check') ? held : undefined)
    await lab.pass(10_000)
    await lab.up(labContainer(51))
    expect(lab.backend.services.has(idOf(51))).toBe(true)
    release()
    await lab.registrar.settled()
    expect(lab.backend.count('check')).toBe(50)
  })

  it('is sent at once to a registry that was away', async () => {
    await started({ registration })
    await lab.up(reported('passing'))
    lab.backend.isUnreachable = true
    await lab.pass(40_000, 500)
    lab.backend.isUnreachable = false
    lab.backend.calls.length = 0
    await lab.pass(5000, 500)
    expect(lab.backend.count('check')).toBeGreaterThan(0)
  })

  it('brings a service back whose check the registry has lost', async () => {
    await started({ registration })
    await lab.up(reported('passing'))
    await lab.backend.deregister({ ID: idOf(1), Name: 'web' })
    await lab.pass(15_000, 1000)
    expect(lab.backend.checks.has(checkId)).toBe(true)
  })
})

describe('verifying', () => {
  it('repairs what is missing or was changed, and nothing else', async () => {
    await started({ cycleMs: 10_000 })
    await lab.list(labContainer(1), labContainer(2), labContainer(3))
    const second = lab.backend.services.get(idOf(2))
    if (second !== undefined) lab.backend.services.set(idOf(2), { ...second, Tags: ['by hand'] })
    lab.backend.services.delete(idOf(1))
    await lab.pass(10_000)
    expect(lab.backend.count('register')).toBe(5)
    expect(lab.backend.services.get(idOf(2))?.Tags).toBeUndefined()
    const refreshed = lab.events.filter(({ kind }) => kind === 'refreshed')
    expect(refreshed).toMatchObject([{ why: 'missing' }, { why: 'different' }])
    await lab.pass(60_000)
    expect(lab.backend.count('register')).toBe(5)
  })

  it('leaves tags alone that others may override', async () => {
    const registration = { ...asRegistratorDoes, isTagOverrideFollowed: true }
    await started({ registration })
    await lab.up(labContainer(1, { meta: { enable_tag_override: '1' } }))
    const own = lab.backend.services.get(idOf(1))
    if (own !== undefined) lab.backend.services.set(idOf(1), { ...own, Tags: ['master'] })
    await lab.registrar.verify()
    await lab.rest()
    expect(lab.backend.services.get(idOf(1))?.Tags).toEqual(['master'])
  })

  it('does not believe a list that is older than a write', async () => {
    await started()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const list = lab.backend.list.bind(lab.backend)
    // The answer is of the moment of the question, and comes late.
    lab.backend.list = async () => {
      const listed = await list()
      await held
      return listed
    }
    const verified = lab.registrar.verify()
    await lab.rest()
    await lab.up(labContainer(1))
    release()
    await verified
    await lab.rest()
    expect(lab.backend.count('register')).toBe(1)
  })

  it('sends everything anew to a registry that cannot list', async () => {
    const backend = new MemoryBackend()
    Object.assign(backend, { list: () => Promise.resolve(undefined) })
    await started({}, backend)
    await lab.list(labContainer(1), labContainer(2))
    await lab.registrar.resync()
    expect(backend.count('register')).toBe(4)
    expect(backend.count('ping')).toBe(1)
  })

  it('sends what is wanted when the registry refuses to tell what it has', async () => {
    const backend = new MemoryBackend()
    backend.onCall = (call) => {
      if (call === 'list') throw new FairleadError('consul_refused', 'Permission denied')
    }
    await started({ cycleMs: 1000 }, backend)
    await lab.list(labContainer(1))
    await lab.pass(5000)
    expect(backend.count('register')).toBe(1)
    expect(lab.registrar.state().problems[0]?.what).toContain('Permission denied')
    expect(lab.kinds().filter((kind) => kind === 'list-refused')).toHaveLength(1)
  })
})

describe('dangling services', () => {
  const dangling = markedBy(new Set(['pi1']))

  async function leftover(): Promise<MemoryBackend> {
    const backend = new MemoryBackend()
    const first = new RegistrarLab({ registration: marked }, backend)
    await first.start()
    await first.list(labContainer(1), labContainer(2))
    await first.end()
    await backend.register({ ID: 'other', Name: 'other', Address: '10.9.9.9', Port: 1 })
    return backend
  }

  it('of containers that ended in the meantime go after the first full list', async () => {
    const backend = await leftover()
    await started({ registration: marked, dangling }, backend)
    expect(backend.services.size).toBe(3)
    await lab.list(labContainer(2))
    expect([...backend.services.keys()]).toEqual([idOf(2), 'other'])
    expect(lab.kinds()).toContain('dangling')
  })

  it('stay until the addresses of the containers are known', async () => {
    const backend = await leftover()
    let isPlaced = false
    const later = markedBy(new Set(['pi1']), () => isPlaced)
    await started({ registration: marked, dangling: later }, backend)
    await lab.list({ ...labContainer(2), endpoints: [] })
    await lab.registrar.verify()
    await lab.rest()
    expect(backend.services.size).toBe(3)
    await lab.observe({ upserts: [labContainer(2)] })
    isPlaced = true
    await lab.registrar.verify()
    await lab.rest()
    expect([...backend.services.keys()]).toEqual([idOf(2), 'other'])
  })

  it('stay while one source has not given its full list', async () => {
    const backend = await leftover()
    const sources = ['docker:pi1', 'docker:pi2']
    await started({ registration: marked, dangling, sources }, backend)
    await lab.list(labContainer(2))
    await lab.registrar.verify()
    expect(backend.services.size).toBe(3)
    await lab.observe({ source: 'docker:pi2', isComplete: true })
    await lab.registrar.verify()
    await lab.rest()
    expect(backend.services.size).toBe(2)
  })
})
