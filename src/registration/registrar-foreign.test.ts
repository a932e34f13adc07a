import { afterEach, describe, expect, it } from 'vitest'
import { asRegistratorDoes } from './endpoint-to-registration.ts'
import { MemoryBackend } from './memory-backend.ts'
import { ownerMeta, registratorPrefix } from './owner-meta.ts'
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

const marked = { ...asRegistratorDoes, isOwnerMarked: true }

describe('registrations of somebody else', () => {
  const options = { registration: marked, isForeignRespected: true, cycleMs: 60_000 }
  const theirs = { ID: 'host:web-1:80', Name: 'web', Address: '10.0.0.1', Port: 80 }

  it('keep the same address from being registered twice', async () => {
    await started(options)
    await lab.backend.register(theirs)
    await lab.registrar.verify()
    await lab.up(labContainer(1), labContainer(2))
    expect([...lab.backend.services.keys()]).toEqual([theirs.ID, idOf(2)])
    expect(lab.registrar.state().foreign).toEqual([{ id: idOf(1), theirs: theirs.ID }])
  })

  it('that a registrator of the same daemon marked count as well, also under the same id', async () => {
    await started(options)
    const Meta = { [ownerMeta.owner]: `${registratorPrefix}pi1` }
    await lab.backend.register({ ...theirs, Meta })
    await lab.backend.register({ ...theirs, ID: idOf(2), Address: '10.0.0.2', Meta })
    await lab.registrar.verify()
    await lab.up(labContainer(1), labContainer(2), labContainer(3))
    expect(lab.registrar.state().foreign.map(({ id }) => id)).toEqual([idOf(1), idOf(2)])
    await lab.die(2)
    expect([...lab.backend.services.keys()]).toEqual([theirs.ID, idOf(2), idOf(3)])
  })

  it('are looked for before a registration only where another program registers containers', async () => {
    await started(options)
    const lists = (): number => lab.backend.count('list')
    const alone = lists()
    await lab.up(labContainer(1))
    expect(lists()).toBe(alone)
    expect(lab.backend.services.has(idOf(1))).toBe(true)
    await lab.backend.register({
      ID: 'host:db-1:5432',
      Name: 'db',
      Address: '10.0.0.9',
      Port: 5432,
    })
    await lab.registrar.verify()
    const beside = lists()
    await lab.up(labContainer(2))
    expect(lists()).toBe(beside + 1)
  })

  it('that come a moment later make ours go', async () => {
    await started(options)
    await lab.up(labContainer(1))
    await lab.pass(500)
    await lab.backend.register(theirs)
    await lab.pass(2000)
    expect([...lab.backend.services.keys()]).toEqual([theirs.ID])
  })

  it('that vanish while the container runs make room for ours', async () => {
    await started(options)
    await lab.backend.register(theirs)
    await lab.registrar.verify()
    await lab.up(labContainer(1))
    await lab.backend.deregister(theirs)
    await lab.pass(6000)
    expect([...lab.backend.services.keys()]).toEqual([idOf(1)])
    expect(lab.kinds()).toEqual(['foreign', 'foreign-gone', 'added'])
  })

  it('under the very id of ours are left as they are, also when the container dies', async () => {
    await started(options)
    await lab.up(labContainer(1))
    await lab.backend.register({ ...theirs, ID: idOf(1) })
    await lab.pass(2000)
    await lab.die(1)
    await lab.pass(70_000, 1000)
    expect(lab.backend.services.size).toBe(1)
    expect(lab.backend.count('deregister')).toBe(0)
  })

  it('by a second fairlead end in exactly one, whoever was first', async () => {
    const backend = new MemoryBackend()
    const named = (owner: string) => ({ ...options, registration: { ...marked, owner } })
    const container = (id: string) => labContainer(1, { id })
    const other = new RegistrarLab(named('host-b'), backend)
    await other.start()
    await started(named('host-a'), backend)
    await Promise.all([lab.up(container('a')), other.up(container('b'))])
    await Promise.all([lab.pass(70_000, 1000), other.pass(70_000, 1000)])
    expect([...backend.services.keys()]).toEqual(['a'])
    await lab.die(1)
    await other.pass(10_000, 1000)
    expect([...backend.services.keys()]).toEqual(['b'])
    await other.end()
  })
})
