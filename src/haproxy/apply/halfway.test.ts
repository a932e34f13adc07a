import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { DesiredState } from '../../model/desired-state.ts'
import { Applier } from '../applier.ts'
import { planChanges } from '../diff/plan-changes.ts'
import { MemoryHaproxy } from '../memory-control.ts'
import { ConfigRejectedError } from '../runtime/errors.ts'

let folder: string
let haproxy: StubbornHaproxy
let applier: Applier

/** Refuses one server by command, and may reject each text. */
class StubbornHaproxy extends MemoryHaproxy {
  refused = ''
  rejects = false

  override async execute(commands: readonly string[]): Promise<readonly string[]> {
    const isRefused = (command: string): boolean =>
      this.refused !== '' && command.startsWith(`add server ${this.refused} `)
    const replies = await super.execute(commands.filter((each) => !isRefused(each)))
    const rest = [...replies]
    return commands.map((each) => (isRefused(each) ? '[3]: No.' : (rest.shift() ?? '')))
  }

  override async validate(configPath: string): Promise<void> {
    if (this.rejects) throw new ConfigRejectedError('rejected', [])
    await super.validate(configPath)
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-halfway-'))
  haproxy = new StubbornHaproxy(join(folder, 'haproxy.cfg'))
  applier = new Applier({ haproxy, planChanges })
  await applier.applyDesired(desired('a'))
})

afterEach(async () => {
  await applier.close()
  await rm(folder, { recursive: true })
})

function desired(...servers: string[]): DesiredState {
  const lines = servers.map((each, index) => `  server ${each} 127.0.0.1:${index + 1}\n`).join('')
  return {
    config: `frontend web\n  bind 127.0.0.1:80\nbackend app\n  mode http\n  option redispatch 1\n${lines}`,
    files: new Map(),
    servers: new Map(),
  }
}

const names = async (): Promise<readonly string[]> => {
  const [table = ''] = await haproxy.execute(['show servers state app'])
  return [...table.matchAll(/ app \d+ (\S+) /g)].map(([, name = '']) => name).toSorted()
}

it('a command refused halfway leads to one reload, and all is as wanted', async () => {
  haproxy.refused = 'app/c'
  const result = await applier.applyDesired(desired('a', 'b', 'c'))
  expect(result).toMatchObject({ how: 'reload', reasons: [{ kind: 'refused' }] })
  expect(haproxy.reloads).toBe(1)
  expect(await names()).toEqual(['a', 'b', 'c'])
  expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired('a', 'b', 'c').config)
})

it('where that reload is rejected, too, the disk keeps the old text, and the rest is repaired later', async () => {
  haproxy.refused = 'app/c'
  haproxy.rejects = true
  await expect(applier.applyDesired(desired('a', 'b', 'c'))).rejects.toMatchObject({
    code: 'config_rejected',
  })
  expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired('a').config)
  expect(await readdir(folder)).toEqual(['haproxy.cfg'])
  // What was done before the refusal is in HAProxy, and known to be there.
  expect(await names()).toEqual(['a', 'b'])
  expect(await applier.applyDesired(desired('a'))).toMatchObject({ how: 'runtime' })
  expect(await names()).toEqual(['a'])
  expect(await applier.checkDrift(desired('a'))).toEqual([])
})
