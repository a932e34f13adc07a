import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Applier } from '../../src/haproxy/applier.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { DesiredState } from '../../src/model/desired-state.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab } from '../support/haproxy-lab.ts'

describe.each(haproxyPrograms())('servers of HAProxy $line', ({ path }) => {
  let lab: HaproxyLab
  let haproxy: HaproxyProcess
  let applier: Applier

  beforeEach(async () => {
    lab = await HaproxyLab.open(path)
    haproxy = lab.process()
    applier = new Applier({ haproxy, planChanges })
    lab.release(() => applier.close())
  })

  afterEach(() => lab.close())

  function desired(more: string): DesiredState {
    const base = lab.desired([])
    return { ...base, config: `${base.config}${more}` }
  }

  it('get another port for checks and another word for agents in place', async () => {
    const text = (port: number, word: string) =>
      desired(`backend b
  server plain 127.0.0.1:1 check port ${port}
  server asked 127.0.0.1:1 check port 80 agent-check agent-port 9 agent-send ${word}
`)
    await applier.applyDesired(text(81, 'old'))
    const { workerPid } = haproxy
    const result = await applier.applyDesired(text(82, 'new'))
    expect(result).toMatchObject({
      how: 'runtime',
      commands: ['set server b/plain check-port 82', 'set server b/asked agent-send new'],
    })
    expect(haproxy.workerPid).toBe(workerPid)
    const [state = ''] = await haproxy.execute(['show servers state b'])
    const [header = '', plain = ''] = state.split('\n').slice(1)
    const column = header.split(' ').indexOf('srv_check_port') - 1
    expect(plain.split(' ')[column]).toBe('82')
  })

  it('that HAProxy keeps until a reload are not touched before it', async () => {
    const text = (servers: string) =>
      desired(`backend b
  use-server used if { path /u }
  server used 127.0.0.1:1
${servers}backend c
  server t 127.0.0.1:1 track b/tracked
`)
    await applier.applyDesired(text('  server tracked 127.0.0.1:2 check\n'))
    const replaced = await applier.applyDesired(
      text('  server tracked 127.0.0.1:2 check inter 9s\n'),
    )
    expect(replaced.how).toBe('reload')
    expect(replaced.reasons.map(({ kind }) => kind)).toEqual(['server'])
    // HAProxy itself says so.
    const [, refused] = await haproxy.execute([
      'set server b/tracked state maint',
      'del server b/tracked',
    ])
    expect(refused).toContain('cannot be removed at runtime')
  })
})
