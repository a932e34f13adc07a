import { mkdir, mkdtemp, readFile, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HaproxyError } from '../runtime/errors.ts'
import type { DesiredState } from '../../model/desired-state.ts'
import { Applier } from '../applier.ts'
import { planChanges } from '../diff/plan-changes.ts'
import { MemoryHaproxy } from '../memory-control.ts'

let folder: string
let appliers: Applier[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-intent-'))
  appliers = []
})

afterEach(async () => {
  for (const each of appliers) await each.close()
  await rm(folder, { recursive: true })
})

/** Keeps what is recorded, and can end the apply at its commands, as a kill would. */
class RecordingHaproxy extends MemoryHaproxy {
  readonly records: string[] = []
  isKilledAfterCommands = false

  override async forgetText(): Promise<void> {
    this.records.push('forgotten')
    await super.forgetText()
  }

  override async confirmText(): Promise<void> {
    this.records.push('confirmed')
    await super.confirmText()
  }

  override async execute(commands: readonly string[]): Promise<readonly string[]> {
    const replies = await super.execute(commands)
    if (this.isKilledAfterCommands && commands.some((each) => each.startsWith('add server')))
      throw new HaproxyError('haproxy_unreachable', 'nobody waits for the answer')
    return replies
  }
}

function desired(...servers: string[]): DesiredState {
  const lines = servers.map((each) => `  server ${each}\n`).join('')
  return {
    config: `frontend web\n  bind 127.0.0.1:80\nbackend app\n  mode http\n  option redispatch 1\n${lines}`,
    files: new Map(),
    servers: new Map(),
  }
}

async function running(...servers: string[]): Promise<RecordingHaproxy> {
  const haproxy = new RecordingHaproxy(join(folder, 'haproxy.cfg'))
  await newApplier(haproxy).applyDesired(desired(...servers))
  haproxy.records.length = 0
  return haproxy
}

function newApplier(haproxy: MemoryHaproxy): Applier {
  const applier = new Applier({ haproxy, planChanges })
  appliers.push(applier)
  return applier
}

it('writes no record for changes that can be read back', async () => {
  const haproxy = await running('a 127.0.0.1:1')
  const result = await newApplier(haproxy).applyDesired(
    desired('a 127.0.0.1:2 weight 3', 'b 127.0.0.1:3'),
  )
  expect(result.how).toBe('runtime')
  expect(haproxy.records).toEqual([])
})

it('says before a change that cannot be read back that the text is not known, and after it that it is', async () => {
  const haproxy = await running('a 127.0.0.1:1')
  const result = await newApplier(haproxy).applyDesired(desired('a 127.0.0.1:1 maxconn 5'))
  expect(result).toMatchObject({ how: 'runtime', problems: [] })
  expect(haproxy.records).toEqual(['forgotten', 'confirmed'])
  expect(haproxy.isTextKnown).toBe(true)
})

it('is brought by one reload to the old state, too, when it ended after such a change', async () => {
  const [before, after] = [desired('a 127.0.0.1:1'), desired('a 127.0.0.1:1 check inter 3s')]
  for (const wanted of [before, after]) {
    const haproxy = await running('a 127.0.0.1:1')
    haproxy.isKilledAfterCommands = true
    await expect(newApplier(haproxy).applyDesired(after)).rejects.toThrow('nobody waits')
    haproxy.isKilledAfterCommands = false
    expect(haproxy.isTextKnown).toBe(false)
    const next = newApplier(haproxy)
    expect((await next.applyDesired(wanted)).how).toBe('reload')
    expect(haproxy.reloads).toBe(1)
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(wanted.config)
    expect((await next.applyDesired(wanted)).how).toBe('none')
  }
})

it('keeps it unknown while the files cannot be written, until they are', async () => {
  const haproxy = await running('a 127.0.0.1:1')
  const applier = newApplier(haproxy)
  await applier.applyDesired(desired('a 127.0.0.1:1'))
  const wanted = desired('a 127.0.0.1:1 maxconn 5')
  await rm(haproxy.configPath)
  // A file cannot be renamed over a folder.
  await mkdir(haproxy.configPath)
  expect((await applier.applyDesired(wanted)).problems).toHaveLength(1)
  expect(haproxy.records).toEqual(['forgotten'])
  await rmdir(haproxy.configPath)
  expect(await applier.applyDesired(wanted)).toMatchObject({ how: 'none', problems: [] })
  expect(haproxy.records).toEqual(['forgotten', 'confirmed'])
})
