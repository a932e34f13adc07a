import { describe, expect, it } from 'vitest'
import type { AdminState } from '../model/desired-state.ts'
import type { RunningServer } from '../haproxy/control.ts'
import { wantedStates } from './kept-states.ts'

const text = (...lines: string[]): string => `backend app\n  ${lines.join('\n  ')}\n`

function running(states: Readonly<Record<string, AdminState>>): Map<string, RunningServer> {
  const rest = { backend: 'app', address: '10.0.0.1', port: 80, weight: 1 }
  const entries = Object.entries(states).map(([name, admin]) => {
    const server = { ...rest, name, admin, operational: 'running' } as const
    return [`app/${name}`, server] as const
  })
  return new Map(entries)
}

describe('admin states that go with a text', () => {
  const a = 'server a 10.0.0.1:80'

  it('keep what an operator said about a server of which the text says what it said', () => {
    const servers = running({ a: 'drain', b: 'ready' })
    const after = text(`${a} weight 9`, 'server b 10.0.0.2:80 disabled')
    const before = text(a, 'server b 10.0.0.2:80 disabled')
    expect(wantedStates({ servers, before, after, isReset: false })).toEqual({
      states: new Map([
        ['app/a', 'drain'],
        ['app/b', 'ready'],
      ]),
      kept: [
        { server: 'app/a', state: 'drain', said: 'ready' },
        { server: 'app/b', state: 'ready', said: 'maint' },
      ],
    })
  })

  it('are the text’s own where that has changed, or where it is asked for', () => {
    const servers = running({ a: 'maint' })
    const disabled = text(`${a} disabled`)
    const enabled = { servers, before: disabled, after: text(a), isReset: false }
    expect(wantedStates(enabled)).toEqual({ states: new Map(), kept: [] })
    const reset = { servers, before: text(a), after: text(a), isReset: true }
    expect(wantedStates(reset)).toEqual({ states: new Map(), kept: [] })
  })

  it('are the text’s own where the line is new: that server may still be on its way out', () => {
    const servers = running({ a: 'ready', b: 'maint' })
    const after = text(a, 'server b 10.0.0.2:80')
    const back = { servers, before: text(a), after, isReset: false }
    expect(wantedStates(back)).toEqual({ states: new Map(), kept: [] })
  })

  it('leave servers alone whose address HAProxy resolves, without a word', () => {
    const after = text('server a app.example.org:80 resolvers dns')
    for (const isReset of [false, true]) {
      const found = wantedStates({
        servers: running({ a: 'maint' }),
        before: after,
        after,
        isReset,
      })
      expect(found).toEqual({ states: new Map([['app/a', 'maint']]), kept: [] })
    }
  })

  it('say nothing of servers that are not in the text', () => {
    const servers = running({ gone: 'maint' })
    const found = wantedStates({ servers, before: undefined, after: text(a), isReset: false })
    expect(found.states.size).toBe(0)
  })
})
