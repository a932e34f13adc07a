import { watch } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { ManualClock } from '../support/clock.ts'
import { Applier } from './applier.ts'
import type { PlanChanges } from './apply/context.ts'
import { planChanges } from './diff/plan-changes.ts'
import { MemoryHaproxy } from './memory-control.ts'

describe.each(['whole', 'in sections'])('an applier of texts known %s', (form) => {
  let folder: string
  let haproxy: MemoryHaproxy
  let clock: ManualClock
  let applier: Applier
  /** For each plan, whether its base was known to be as wanted before. */
  let agreed: boolean[] = []

  /** What is left out as being as it should be must make no difference. */
  const planBothWays: PlanChanges = (base, ...rest) => {
    agreed.push(base.agreedStates !== undefined)
    const plan = planChanges(base, ...rest)
    expect(plan).toEqual(planChanges({ ...base, agreedStates: undefined }, ...rest))
    return plan
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fl-applier-'))
    haproxy = new MemoryHaproxy(join(folder, 'haproxy.cfg'))
    clock = new ManualClock()
    agreed = []
    applier = new Applier({ haproxy, planChanges: planBothWays, clock, lingerMs: 1000 })
  })

  afterEach(async () => {
    await applier.close()
    await rm(folder, { recursive: true, force: true })
  })

  const desired = (
    servers: string,
    states: Record<string, AdminState> = {},
    hosts = 'x.test app\n',
  ): DesiredState => {
    const config = `defaults\n  mode http\n  option redispatch 1\nfrontend web\n  bind 127.0.0.1:80\n  use_backend %[req.hdr(host),map_str(${folder}/hosts.map,app)]\nbackend app\n${servers}`
    return {
      config,
      sections: form === 'whole' ? undefined : config.split(/^(?=\w)/m),
      files: new Map([[join(folder, 'hosts.map'), hosts]]),
      servers: new Map(Object.entries(states)),
    }
  }
  const a = '  server a 10.0.0.1:80\n'
  const b = '  server b 10.0.0.2:80\n'

  it('starts, then does nothing twice, then only what differs', async () => {
    expect(await applier.applyDesired(desired(a))).toMatchObject({ how: 'reload' })
    expect(await applier.applyDesired(desired(a))).toMatchObject({ how: 'none', commands: [] })
    const result = await applier.applyDesired(desired(a + b))
    expect(result).toMatchObject({ how: 'runtime', reasons: [], problems: [] })
    expect(result.changes).toHaveLength(1)
    expect(haproxy.reloads).toBe(0)
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired(a + b).config)
  })

  it('applies one state at a time, in their order', async () => {
    const results = await Promise.all(
      [a, a + b, b, a + b, a].map((servers) => applier.applyDesired(desired(servers))),
    )
    expect(results.map(({ how }) => how)).toEqual([
      'reload',
      'runtime',
      'runtime',
      'runtime',
      'runtime',
    ])
    expect(await applier.checkDrift(desired(a))).toEqual([])
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired(a).config)
  })

  it('tells drift and repairs it at the next apply', async () => {
    await applier.applyDesired(desired(a + b))
    await haproxy.execute([
      'set server app/a state maint',
      `add map ${folder}/hosts.map y.test app`,
    ])
    expect(await applier.checkDrift(desired(a + b))).toHaveLength(2)
    expect(await applier.applyDesired(desired(a + b))).toMatchObject({
      how: 'runtime',
      commands: { length: 2 },
    })
    expect(await applier.checkDrift(desired(a + b))).toEqual([])
  })

  it('deletes a busy server when it has become idle, and nothing while it is wanted again', async () => {
    await applier.applyDesired(desired(a + b))
    haproxy.busyServers.add('app/b')
    await applier.applyDesired(desired(a))
    expect(applier.lingering).toEqual(['app/b'])
    expect(await applier.applyDesired(desired(a + b))).toMatchObject({ how: 'runtime' })
    expect(applier.lingering).toEqual([])
    await applier.applyDesired(desired(a))
    haproxy.busyServers.clear()
    await clock.advance(100)
    await applier.applyDesired(desired(a))
    expect(applier.lingering).toEqual([])
    expect(await applier.checkDrift(desired(a))).toEqual([])
  })

  it('cuts the connections of a server that lingers too long', async () => {
    await applier.applyDesired(desired(a + b))
    haproxy.busyServers.add('app/b')
    await applier.applyDesired(desired(a))
    await clock.advance(900)
    expect(haproxy.history).not.toContain('shutdown sessions server app/b')
    await clock.advance(1000)
    await applier.applyDesired(desired(a))
    expect(haproxy.history).toContain('shutdown sessions server app/b')
  })

  it('deletes no server at which a request may wait to be tried again, where HAProxy forgets that', async () => {
    const waiting = (servers: string): DesiredState => {
      const { config, sections, ...rest } = desired(servers)
      const plain = (text: string): string => text.replace('option redispatch 1', 'retries 2')
      return { ...rest, config: plain(config), sections: sections?.map(plain) }
    }
    await applier.applyDesired(waiting(a + b))
    const result = await applier.applyDesired(waiting(a))
    expect(result).toMatchObject({ how: 'runtime' })
    expect(applier.lingering).toEqual(['app/b'])
    const other = waiting(a.replace('\n', ' maxqueue 7\n'))
    expect(await applier.applyDesired(other)).toMatchObject({
      how: 'reload',
      reasons: [{ text: expect.stringContaining('may be tried again') }],
    })
    await applier.applyDesired(waiting(a + b))
    await applier.applyDesired(waiting(a))
    await clock.advance(20_000)
    expect(haproxy.history).not.toContain('del server app/b')
    await clock.advance(5_000)
    await applier.applyDesired(waiting(a + b))
    expect(haproxy.history).toContain('del server app/b')
    expect(applier.lingering).toEqual([])
  })

  it('reloads when HAProxy did not do what it was told', async () => {
    await applier.applyDesired(desired(a + b))
    await haproxy.execute(['set server app/b state maint', 'del server app/b'])
    const result = await applier.applyDesired(desired(`${a}${b.trimEnd()} weight 9\n`))
    expect(result).toMatchObject({
      how: 'reload',
      reasons: [{ kind: 'refused', text: expect.stringContaining('No such server') }],
    })
    expect(await applier.applyDesired(desired(`${a}${b.trimEnd()} weight 9\n`))).toMatchObject({
      how: 'none',
    })
  })

  it('follows servers by command where a reload is needed and its files cannot be written', async () => {
    await applier.applyDesired(desired(a + b))
    const blocked = join(folder, 'block', 'page')
    await writeFile(join(folder, 'block'), '')
    const c = '  server c 10.0.0.3:80\n'
    const state = desired(a + c, { 'app/a': 'drain' })
    const withPage = { ...state, files: new Map([...state.files, [blocked, 'page']]) }
    await expect(applier.applyDesired(withPage)).rejects.toMatchObject({ code: 'state_unwritable' })
    expect(haproxy.reloads).toBe(0)
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(state.config)
    expect(await applier.applyDesired(state)).toMatchObject({ how: 'none', problems: [] })
    expect(await applier.checkDrift(state)).toEqual([])
  })

  it('leaves hosts and backends for the reload that cannot be done', async () => {
    await applier.applyDesired(desired(a + b))
    await writeFile(join(folder, 'block'), '')
    const state = desired(b, {}, 'x.test app\ny.test other\n')
    const files = new Map([...state.files, [join(folder, 'block', 'page'), 'page']])
    const config = `${state.config}backend other\n${a}`
    const sections =
      state.sections === undefined ? undefined : [...state.sections, `backend other\n${a}`]
    await expect(applier.applyDesired({ ...state, config, sections, files })).rejects.toThrow(
      'cannot write',
    )
    expect(await applier.checkDrift(desired(b))).toEqual([])
    expect(await readFile(haproxy.configPath, 'utf8')).toBe(desired(b).config)
  })

  it('takes for agreed only what was verified', async () => {
    const basesOf = async (work: Promise<unknown>): Promise<boolean[]> => {
      agreed = []
      await work.catch(() => undefined)
      return agreed
    }
    const drained = desired(a + b, { 'app/b': 'drain' })
    expect(await basesOf(applier.applyDesired(desired(a + b)))).toEqual([false])
    expect(await basesOf(applier.applyDesired(drained))).toEqual([true])
    expect(await basesOf(applier.checkDrift(drained))).toEqual([false])
    expect(await basesOf(applier.applyDesired(drained))).toEqual([true])
    await haproxy.execute(['set server app/a state maint'])
    expect(await basesOf(applier.checkDrift(drained))).toEqual([false])
    expect(await basesOf(applier.applyDesired(drained))).toEqual([false])
    haproxy.busyServers.add('app/b')
    expect(await basesOf(applier.applyDesired(desired(a)))).toEqual([true])
    // The server that lingers is taken back: planned anew with it.
    expect(await basesOf(applier.applyDesired(desired(a + b)))).toEqual([true, false])
    expect(await basesOf(applier.applyDesired(desired(b)))).toEqual([true])
  })

  it('brings a worker what the one before had, when it came while the files were written', async () => {
    await applier.applyDesired(desired(a))
    const execute = haproxy.execute.bind(haproxy)
    let isArmed = true
    haproxy.execute = async (commands) => {
      const replies = await execute(commands)
      const isLook = (await execute(['show servers state'])).some((reply) => reply.includes(' b '))
      if (!isArmed || !isLook || !commands.some((command) => command.startsWith('show')))
        return replies
      isArmed = false
      haproxy.crash()
      await haproxy.start()
      return replies
    }
    await expect(applier.applyDesired(desired(a + b))).rejects.toMatchObject({
      code: 'haproxy_unreachable',
    })
    expect(await applier.applyDesired(desired(a + b))).not.toMatchObject({ how: 'none' })
    const [servers = ''] = await execute(['show servers state'])
    expect(servers).toContain(' b ')
  })

  it('leaves the files of a HAProxy alone that somebody else starts', async () => {
    haproxy.isOurs = false
    const touched: string[] = []
    const watcher = watch(folder, (_event, name) => touched.push(name ?? ''))
    const away = { code: 'haproxy_unreachable' }
    await expect(applier.applyDesired(desired(a))).rejects.toMatchObject(away)
    await writeFile(join(folder, 'last'), '')
    await expect.poll(() => touched).toContain('last')
    watcher.close()
    expect(new Set(touched)).toEqual(new Set(['last']))
  })

  it('starts HAProxy again after it ended', async () => {
    await applier.applyDesired(desired(a + b, { 'app/b': 'drain' }))
    haproxy.crash()
    expect(await applier.applyDesired(desired(a + b, { 'app/b': 'drain' }))).toMatchObject({
      how: 'reload',
    })
    expect(await applier.checkDrift(desired(a + b, { 'app/b': 'drain' }))).toEqual([])
  })
})
