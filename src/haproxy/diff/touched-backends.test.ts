import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdminState, DesiredState } from '../../model/desired-state.ts'
import { modelOf, readBack } from '../../../test/support/diff-interpreter.ts'
import { serverContent, sharedSettings, stateOf } from '../../../test/support/diff-states.ts'
import { capabilitiesOf } from '../capabilities.ts'
import type { RunningServer } from '../control.ts'
import { planChanges } from './plan-changes.ts'
import type { Plan, RunningState } from './plan.ts'

const capabilities = capabilitiesOf('2.6.12')
const states = fc.array(fc.constantFrom<AdminState>('ready', 'drain', 'maint'), { minLength: 5 })
const adminStates = fc.record({ app: states, api: states })
/** One that mostly differs in little from the state before it. */
const next = fc.oneof(
  fc.record({ kind: fc.constant('other' as const), content: serverContent }),
  fc.record({ kind: fc.constant('states' as const), adminStates }),
  fc.record({ kind: fc.constant('states beside the text' as const), adminStates }),
  fc.record({ kind: fc.constant('app' as const), content: serverContent }),
  fc.record({ kind: fc.constant('fewer' as const), keep: fc.array(fc.nat({ max: 4 })) }),
)
const writing = fc.infiniteStream(fc.nat({ max: 9 }))

type Content = typeof serverContent extends fc.Arbitrary<infer T> ? T : never
type Next = typeof next extends fc.Arbitrary<infer T> ? T : never

/** The base that an apply leaves behind which found everything as wanted. */
function verified(state: DesiredState, stopped: number, isReversed: boolean): RunningState {
  const read = [...readBack(modelOf(state))]
  if (isReversed) read.reverse()
  const servers = new Map(
    read.map(([key, server], index): [string, RunningServer] => [
      key,
      index % 4 < stopped ? { ...server, operational: 'stopped' } : server,
    ]),
  )
  return { config: state.config, files: state.files, servers, agreedStates: state.servers }
}

function follow(from: Content, what: Next): Content {
  if (what.kind === 'other') return what.content
  if (what.kind === 'app') return { ...from, app: what.content.app }
  if (what.kind === 'fewer') {
    const isKept = (_: unknown, index: number): boolean => what.keep.includes(index)
    return { ...from, app: from.app.filter(isKept), api: from.api.filter(isKept) }
  }
  return { ...from, app: withStates(from, 'app', what), api: withStates(from, 'api', what) }
}

function withStates(
  from: Content,
  backend: 'app' | 'api',
  what: { readonly adminStates: { readonly app: AdminState[]; readonly api: AdminState[] } },
): Content['app'] {
  return from[backend].map((server, index) => ({
    ...server,
    admin: what.adminStates[backend][index] ?? 'ready',
  }))
}

function bothWays(base: RunningState, desired: DesiredState): { quick: Plan; full: Plan } {
  const full = planChanges({ ...base, agreedStates: undefined }, desired, capabilities)
  return { quick: planChanges(base, desired, capabilities), full }
}

describe('a plan from a verified state', () => {
  it('is the same as one from a state read back in full', () => {
    const inputs = [sharedSettings, serverContent, next, fc.nat({ max: 4 }), fc.boolean()] as const
    fc.assert(
      fc.property(...inputs, fc.boolean(), (shared, from, what, stopped, isReversed, isBrief) => {
        const before = stateOf(shared, from)
        const wanted = stateOf(shared, follow(from, what))
        const config = what.kind === 'states beside the text' ? before.config : wanted.config
        const listed = [...wanted.servers].filter(([, state]) => !isBrief || state !== 'ready')
        const desired = { ...wanted, config, servers: new Map(listed) }
        const { quick, full } = bothWays(verified(before, stopped, isReversed), desired)
        expect(quick).toEqual(full)
      }),
      { numRuns: 1500 },
    )
  })

  it('is the same where lines are written in another way or stand twice', () => {
    fc.assert(
      fc.property(sharedSettings, serverContent, next, writing, (shared, from, what, dice) => {
        const rewrite = (line: string): string => rewritten(line, dice.next().value ?? 9)
        const first = stateOf(shared, from)
        const before = { ...first, config: first.config.replaceAll(/[^\n]+/g, rewrite) }
        const wanted = stateOf(shared, follow(from, what))
        const lines = wanted.config.replaceAll(/[^\n]+/g, (line) => {
          return (dice.next().value ?? 9) === 0 ? `${rewrite(line)}\n${line}` : rewrite(line)
        })
        const { quick, full } = bothWays(verified(before, 0, false), { ...wanted, config: lines })
        expect(quick).toEqual(full)
      }),
      { numRuns: 1000 },
    )
  })

  it('looks at all servers again when a default-server line changed, or servers share a name', () => {
    const plan = (config: string): Plan => {
      const running = 'backend x\n  server a 10.0.0.1:80\n  server b 10.0.0.2:80\n'
      const state = { config: running, files: new Map(), servers: new Map<string, AdminState>() }
      const { quick, full } = bothWays(verified(state, 0, false), { ...state, config })
      expect(quick).toEqual(full)
      return quick
    }
    const changed = plan(
      'backend x\n  default-server check\n  server a "10.0.0.1:80"\n  server b 10.0.0.2:80\n',
    )
    expect(changed.changes.map(({ kind }) => kind)).toEqual(['structure', 'server-replace'])
    const twice = plan(
      'backend x\n  server a 10.0.0.1:80\n  server b 10.0.0.2:80\n  server a 10.0.0.1:80\n',
    )
    expect(twice.changes).toMatchObject([{ kind: 'server-add' }])
  })
})

it('counts the servers of a template neither as gone nor as ready', () => {
  const text = 'backend x\n  server-template t 1-2 10.0.0.9:80\n  server a 10.0.0.1:80\n'
  const ready = { backend: 'x', address: '10.0.0.9', port: 80, weight: 1, admin: 'ready' } as const
  const servers = new Map(
    ['t1', 't2', 'a'].map((name): [string, RunningServer] => [
      `x/${name}`,
      { ...ready, name, address: name === 'a' ? '10.0.0.1' : '10.0.0.9', operational: 'running' },
    ]),
  )
  const base = { config: text, files: new Map(), servers, agreedStates: new Map() }
  const config = text.replace('server a 10.0.0.1', 'server b 10.0.0.2')
  const { quick, full } = bothWays(base, { config, files: new Map(), servers: new Map() })
  expect(quick).toEqual(full)
  expect(quick.changes.map(({ kind }) => kind)).toEqual(['server-add', 'server-remove'])
})

/** The same words in another form; mostly as they are. */
function rewritten(line: string, die: number): string {
  const words = line.trim().split(' ')
  switch (die) {
    case 0:
      return `\t${words.join('  ')} # note`
    case 1:
      return words.map((word) => `'${word}'`).join(' ')
    case 2:
      return `# before\n\n${line}`
    default:
      return line
  }
}
