import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { PinnedStructure } from './pinned-state.ts'
import { Pinning } from './pinning.ts'

function state(
  sections: readonly string[],
  files: Record<string, string> = {},
  servers: Record<string, AdminState> = {},
): DesiredState {
  return {
    config: sections.join(''),
    sections,
    files: new Map(Object.entries(files)),
    servers: new Map(Object.entries(servers)),
  }
}

const web = (address: string): string => `  server web.1 ${address}:80 check\n`
const pinned = state(
  [
    'global\n  maxconn 100\n',
    `backend web\n  balance source\n${web('10.0.0.1')}  # the end\n\n`,
    'backend old\n  server old.1 10.0.0.2:80\n\n',
  ],
  { '/m/hosts.map': 'x web\ny old\n' },
  { 'old/old.1': 'drain' },
)
const live = state(
  [
    'global\n  maxconn 200\n',
    `backend web\n${web('10.0.0.9')}  server web.2 10.0.0.2:80 check disabled\n`,
    'backend new\n  server new.1 10.0.0.1:80\n',
    'backend empty\n',
  ],
  { '/m/hosts.map': 'x web\nz new\n' },
  { 'web/web.2': 'maint', 'new/new.1': 'drain' },
)

describe('a pinned structure', () => {
  it('has the servers that live now where both have the backend, and no address of before', () => {
    const { desired, leftOut } = new PinnedStructure(pinned).withServersOf(live)
    expect(desired.config).toBe(
      'global\n  maxconn 100\n' +
        `backend web\n  balance source\n${web('10.0.0.9')}` +
        '  server web.2 10.0.0.2:80 check disabled\n  # the end\n\n' +
        'backend old\n\n',
    )
    expect(desired.sections?.join('')).toBe(desired.config)
    expect(Object.fromEntries(desired.files)).toEqual({ '/m/hosts.map': 'x web\ny old\n' })
    expect(Object.fromEntries(desired.servers)).toEqual({ 'web/web.2': 'maint' })
    expect([...leftOut]).toEqual(['new'])
  })

  it('is the pinned text itself where the same servers live, and the same strings each time', () => {
    const structure = new PinnedStructure(pinned)
    const same = structure.withServersOf(pinned).desired
    expect(same.config).toBe(pinned.config)
    const again = structure.withServersOf(state([...(pinned.sections ?? [])])).desired
    expect(again.sections?.every((text, at) => text === same.sections?.[at])).toBe(true)
  })

  it('takes files that server lines name, and private keys, from what lives now', () => {
    const before = state(['backend web\n'], { '/c/site.pem': '\0sha256:00' })
    const now = state(['backend web\n  server a 10.0.0.1:443 ssl ca-file /c/ca.pem\n'], {
      '/c/site.pem': 'secret',
      '/c/ca.pem': 'ca',
      '/c/other.pem': 'other',
    })
    const { desired } = new PinnedStructure(before).withServersOf(now)
    expect(Object.fromEntries(desired.files)).toEqual({
      '/c/site.pem': 'secret',
      '/c/ca.pem': 'ca',
    })
    expect(() => new PinnedStructure(before).withServersOf(pinned)).toThrow('private key')
  })

  it('is refused where it depends on conditions, and where nothing that lives would be served', () => {
    const conditional = state(['.if streq(a,b)\nbackend web\n.endif\n'])
    expect(() => new PinnedStructure(conditional)).toThrow('conditions')
    expect(() => new PinnedStructure(pinned).withServersOf(conditional)).toThrow('conditions')
    const renamed = state(['backend svc_web\n  server a 10.0.0.1:80\n'])
    expect(() => new PinnedStructure(pinned).withServersOf(renamed)).toThrow('in common')
    const { desired } = new PinnedStructure(pinned).withServersOf(state(['global\n']))
    expect(desired.config).not.toContain('server ')
  })
})

describe('the pin', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-pin-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function open(): Promise<Pinning> {
    const pinning = new Pinning(join(folder, 'pinned.json'))
    await pinning.load()
    return pinning
  }

  it('survives a restart with its state, until it is taken back', async () => {
    const pin = { generation: 41, sinceMs: 5, state: pinned }
    await (await open()).set(pin, live)
    const pinning = await open()
    expect(pinning.pin).toEqual({ generation: 41, sinceMs: 5 })
    const steered = pinning.steer(live)
    expect(steered.pinnedTo).toBe(41)
    expect(steered.desired.config).toContain('maxconn 100')
    await pinning.clear()
    expect(pinning.steer(live)).toMatchObject({ pinnedTo: undefined, desired: live })
    expect((await open()).pin).toBeUndefined()
  })

  it('is not set where it cannot be joined, and not applied where it can no longer be', async () => {
    const pinning = await open()
    const renamed = state(['backend svc_web\n  server a 10.0.0.1:80\n'])
    const pin = { generation: 41, sinceMs: 5, state: pinned }
    await expect(pinning.set(pin, renamed)).rejects.toMatchObject({ code: 'not_found' })
    expect(pinning.pin).toBeUndefined()
    await pinning.set(pin, live)
    expect(pinning.steer(renamed)).toMatchObject({ desired: renamed, pinnedTo: undefined })
    expect(pinning.problems()[0]?.what).toContain('generation 41 is pinned but not in force')
    pinning.steer(live)
    expect(pinning.problems()).toEqual([])
  })

  it('is refused by name when its file is damaged', async () => {
    await writeFile(join(folder, 'pinned.json'), '{"version":1,"generation":"x"}')
    const pinning = await open()
    expect(pinning.pin).toBeUndefined()
    expect(pinning.problems()[0]?.what).toContain('pinned.json was refused')
    expect(await readdir(folder)).toEqual(['pinned.json.refused'])
  })
})
