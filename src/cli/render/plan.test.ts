import { describe, expect, it } from 'vitest'
import type { PlannedChange, PlanReport } from '../../handwritten/report.ts'
import { renderPlan, renderResult } from './plan.ts'
import { painter } from './text.ts'

const paint = painter(false)

const change = (more: Partial<PlannedChange>): PlannedChange => ({
  kind: 'server-add',
  section: 'backend app',
  sign: '+',
  text: 'server web.4 10.0.1.7:80',
  how: 'runtime',
  isDrift: false,
  commands: ['add server app/web.4 10.0.1.7:80'],
  ...more,
})

const weight = change({ kind: 'server-weight', sign: '~', text: 'server web.2 weight 50 → 1' })
const map = change({ kind: 'map-entry', section: 'map hosts', text: 'shop.example.org → shop' })

function report(more: Partial<PlanReport>): PlanReport {
  return {
    haproxy: {
      version: '2.6.12',
      socket: '/run/haproxy-master.sock',
      foundBy: 'its usual place',
      workerPid: 12,
      canReload: true,
    },
    config: '/root/new.cfg',
    live: '/etc/haproxy/haproxy.cfg',
    base: {
      from: 'record',
      why: 'the text that was loaded and verified at 2026-01-02 03:04:05 UTC',
    },
    how: 'runtime',
    changes: [change({}), { ...weight, isDrift: true }, map],
    reasons: [],
    commands: ['add server app/web.4 10.0.1.7:80', 'set server app/web.2 weight 1'],
    kept: [{ server: 'app/web.1', state: 'drain', said: 'ready' }],
    ...more,
  }
}

const head = [
  'HAProxy 2.6.12 at /run/haproxy-master.sock (its usual place)',
  'base: the text that was loaded and verified at 2026-01-02 03:04:05 UTC',
  'file: /etc/haproxy/haproxy.cfg gets the text of /root/new.cfg',
  '',
]

describe('a plan as people read it', () => {
  it('groups changes by section, says how each is made, and sums up', () => {
    expect(renderPlan(report({}), { paint, commands: true }).split('\n')).toEqual([
      ...head,
      'backend app',
      '  + server web.4 10.0.1.7:80     runtime',
      '  ~ server web.2 weight 50 → 1   runtime (was changed at runtime)',
      'map hosts',
      '  + shop.example.org → shop      runtime',
      '',
      'kept: server app/web.1 in drain, as it was put at runtime (the text says ready)',
      '',
      'commands:',
      '  add server app/web.4 10.0.1.7:80',
      '  set server app/web.2 weight 1',
      '',
      '3 changes by 2 commands, no reload',
      '',
    ])
  })

  it('names why a reload, and what comes with it', () => {
    const text = 'global: maxconn 100 → 200 (line 3)'
    const reason = {
      kind: 'setting',
      text,
      section: 'global',
      file: '/root/new.cfg',
      line: 3,
    } as const
    const structure = change({
      kind: 'structure',
      section: 'global',
      sign: '~',
      text: 'maxconn 100 → 200 (line 3)',
      how: 'reload',
      commands: [],
    })
    const changes = [structure, change({ how: 'with reload' })]
    const plan = report({ how: 'reload', changes, reasons: [reason], commands: [], kept: [] })
    expect(renderPlan(plan, { paint }).split('\n').slice(4)).toEqual([
      'global',
      '  ~ maxconn 100 → 200 (line 3)   reload',
      'backend app',
      '  + server web.4 10.0.1.7:80     with reload',
      '',
      'a reload, because:',
      '  global: maxconn 100 → 200 (line 3)',
      '',
      '1 reload for 1 reason; 1 change comes with it',
      '',
    ])
    const haproxy = { ...plan.haproxy, canReload: false }
    expect(renderPlan({ ...plan, haproxy }, { paint })).toContain('give --reload-command')
  })

  it('shows a few of thousands, and all when asked to', () => {
    const changes = Array.from({ length: 3000 }, () => change({}))
    const plan = report({ changes, commands: changes.flatMap(({ commands }) => commands) })
    const short = renderPlan(plan, { paint, commands: true })
    expect(short.split('\n').length).toBeLessThan(60)
    expect(short).toContain('… and 2980 more (--all shows them)')
    expect(short).toContain('3000 changes by 3000 commands')
    const sections = changes.map((each, index) => ({ ...each, section: `backend b${index}` }))
    const wide = renderPlan(report({ changes: sections }), { paint })
    expect(wide).toContain('… and 2980 changes in 2980 more sections (--all shows them)')
    expect(wide.split('\n').length).toBeLessThan(60)
    expect(renderPlan(plan, { paint, all: true }).split('\n').length).toBeGreaterThan(3000)
  })

  it('gives a terminal colours and nothing else to obey', () => {
    const evil = change({ text: 'server a\u001b[2J\u202e 10.0.0.1:80', sign: '-' })
    const text = renderPlan(report({ changes: [evil] }), { paint: painter(true) })
    expect(text).toContain('\u001b[31m- server a·[2J·')
    expect(text).not.toContain('\u202e')
  })

  it('says what an apply did, and when commands were not enough', () => {
    const result = {
      how: 'reload',
      commands: [],
      reasons: ['HAProxy refused "del server app/a"'],
      verifiedMs: 41.6,
      lingering: ['app/b'],
      problems: [],
    } as const
    expect(
      renderResult({ ...report({}), result }, { paint })
        .trim()
        .split('\n'),
    ).toEqual([
      'commands were not enough: HAProxy refused "del server app/a"',
      'applied by a reload, read back: 42 ms',
      'server app/b keeps its last connections; the next apply deletes it',
    ])
    const nothing = { ...result, how: 'none', reasons: [], lingering: [] } as const
    const same = report({ how: 'none', live: '/root/new.cfg' })
    expect(renderResult({ ...same, result: nothing }, { paint })).toBe('')
  })
})
