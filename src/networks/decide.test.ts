import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, failureKey, reachOf } from './decide.ts'
import type { Attachment, JoinState, Member, Want } from './decide.ts'
import type { NetworkDetails, PublishedOn } from './rules.ts'

const bridge: NetworkDetails = {
  name: 'apps',
  driver: 'bridge',
  scope: 'local',
  isAttachable: false,
  isIngress: false,
  isInternal: false,
  subnets: ['172.20.0.0/16'],
}
const apps = { id: 'n1', name: 'apps' }
const free: PublishedOn = { kind: 'free' }

function member(attached: readonly (readonly [string, Attachment])[] = [], id = 'haproxy'): Member {
  return { id, name: id, isRunning: true, attached: new Map(attached), publishedOn: free }
}

function state(values: Partial<JoinState> = {}): JoinState {
  return {
    rules: { isOn: true, only: [], never: [] },
    haproxy: member(),
    own: undefined,
    details: new Map([['n1', bridge]]),
    wants: new Map([['n1', { name: 'apps', untilMs: undefined }]]),
    failures: new Map(),
    leaving: new Set(),
    areWantsComplete: true,
    areLocalWantsComplete: true,
    nowMs: 1_000,
    ...values,
  }
}

const ours: Attachment = { name: 'apps', isOurs: true }
const theirs: Attachment = { name: 'apps', isOurs: false }
const rules = { isOn: true, only: [], never: [] }
const none = new Map<string, Want>()

/** `join apps`, `leave apps`, `join apps fairlead`. */
function steps(values: Partial<JoinState>): readonly string[] {
  const { join, leave } = decide(state(values))
  const all = join === undefined ? leave : [join, ...leave]
  return all.map(({ kind, network, member: { id } }) => `${kind} ${network.name} ${id}`)
}

describe('what is done about networks', () => {
  it.each<[string, Partial<JoinState>, readonly string[]]>([
    ['a wanted network is joined', {}, ['join apps haproxy']],
    ['one that it is on is not', { haproxy: member([['n1', theirs]]) }, []],
    ['nothing is joined when that is turned off', { rules: { ...rules, isOn: false } }, []],
    ['one that is denied is not joined', { rules: { ...rules, never: ['ap*'] } }, []],
    ['one that is not among the allowed is not', { rules: { ...rules, only: ['web-*'] } }, []],
    ['one that is among them is', { rules: { ...rules, only: ['*s'] } }, ['join apps haproxy']],
    ['a stopped container is not attached', { haproxy: { ...member(), isRunning: false } }, []],
    [
      'fairlead’s own container follows HAProxy’s',
      { haproxy: member([['n1', theirs]]), own: member([], 'fairlead') },
      ['join apps fairlead'],
    ],
    [
      'an overlay that is not attachable is not joined',
      { details: new Map([['n1', { ...bridge, driver: 'overlay', scope: 'swarm' }]]) },
      [],
    ],
    [
      'an attachable one is',
      {
        details: new Map([
          ['n1', { ...bridge, driver: 'overlay', scope: 'swarm', isAttachable: true }],
        ]),
      },
      ['join apps haproxy'],
    ],
    ['one that the daemon does not list yet is', { details: new Map() }, ['join apps haproxy']],
    ['a macvlan is not', { details: new Map([['n1', { ...bridge, driver: 'macvlan' }]]) }, []],
    [
      'one whose name comes before that of the published ports is not',
      { haproxy: { ...member(), publishedOn: { kind: 'first', name: 'edge' } } },
      [],
    ],
    [
      'one whose name comes after it is',
      { haproxy: { ...member(), publishedOn: { kind: 'first', name: '0-edge' } } },
      ['join apps haproxy'],
    ],
    [
      'what was refused waits',
      { failures: new Map([['haproxy n1', { what: '', hint: '', retryAtMs: 1_001 }]]) },
      [],
    ],
    [
      'and is tried again',
      { failures: new Map([['haproxy n1', { what: '', hint: '', retryAtMs: 1_000 }]]) },
      ['join apps haproxy'],
    ],
    [
      'what nobody wants is left',
      { haproxy: member([['n1', ours]]), wants: none },
      ['leave apps haproxy'],
    ],
    [
      'fairlead’s own container is not attached where its published ports would move',
      {
        haproxy: member([['n1', theirs]]),
        own: { ...member([], 'fairlead'), publishedOn: { kind: 'first', name: 'web' } },
      },
      [],
    ],
    ['what others attached is not', { haproxy: member([['n1', theirs]]), wants: none }, []],
    [
      'nothing is left before all sources have spoken',
      {
        haproxy: member([['n1', ours]]),
        wants: none,
        areWantsComplete: false,
        areLocalWantsComplete: false,
      },
      [],
    ],
    [
      'a network of this daemon alone is left before other hosts have spoken',
      { haproxy: member([['n1', ours]]), wants: none, areWantsComplete: false },
      ['leave apps haproxy'],
    ],
    [
      'an overlay is not',
      {
        haproxy: member([['n1', ours]]),
        wants: none,
        areWantsComplete: false,
        details: new Map([['n1', { ...bridge, driver: 'overlay', scope: 'swarm' }]]),
      },
      [],
    ],
    [
      'what ended by itself is waited for',
      {
        haproxy: member([['n1', ours]]),
        wants: new Map([['n1', { name: 'apps', untilMs: 1_001 }]]),
      },
      [],
    ],
    [
      'for a while',
      {
        haproxy: member([['n1', ours]]),
        wants: new Map([['n1', { name: 'apps', untilMs: 1_000 }]]),
      },
      ['leave apps haproxy'],
    ],
    [
      'what is denied now is left',
      { haproxy: member([['n1', ours]]), rules: { ...rules, never: ['apps'] } },
      ['leave apps haproxy'],
    ],
  ])('%s', (_, values, expected) => {
    expect(steps(values)).toEqual(expected)
  })

  it('never leaves what fairlead did not attach, and never joins what is forbidden', () => {
    const id = fc.constantFrom('n1', 'n2', 'n3')
    const name = fc.constantFrom('apps', 'db', '0-edge', 'zzz')
    const attachment = fc.record({ name, isOurs: fc.boolean() })
    const want = fc.record({
      name,
      untilMs: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
    })
    const arbitrary = fc.record({
      attached: fc.array(fc.tuple(id, attachment)),
      wants: fc.array(fc.tuple(id, want)),
      never: fc.array(fc.constantFrom('db', 'a*', '*')),
      isOn: fc.boolean(),
      areWantsComplete: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitrary, ({ attached, wants, never, isOn, areWantsComplete }) => {
        const haproxy = member(attached)
        const { join, leave } = decide(
          state({
            haproxy,
            wants: new Map(wants),
            details: new Map(),
            rules: { isOn, only: [], never },
            areWantsComplete,
          }),
        )
        for (const { network } of leave) expect(haproxy.attached.get(network.id)?.isOurs).toBe(true)
        if (join === undefined) return
        expect(isOn && !haproxy.attached.has(join.network.id)).toBe(true)
        expect(never.includes('*')).toBe(false)
      }),
    )
  })

  it('asks to be asked again when a pause is over', () => {
    const failures = new Map([
      [failureKey({ id: 'haproxy' }, 'n1'), { what: '', hint: '', retryAtMs: 1_500 }],
    ])
    expect(decide(state({ failures })).wakeAtMs).toBe(1_500)
    const wants = new Map([['n1', { name: 'apps', untilMs: 1_200 }]])
    expect(decide(state({ failures, wants })).wakeAtMs).toBe(1_200)
  })
})

describe('whether a network is reached', () => {
  it.each<[string, Partial<JoinState>, string]>([
    ['by whoever attached it', { haproxy: member([['n1', theirs]]) }, 'reached'],
    [
      'not while it is left',
      { haproxy: member([['n1', ours]]), leaving: new Set(['n1']) },
      'joining',
    ],
    ['not yet', {}, 'joining'],
    [
      'not, after a refusal',
      { failures: new Map([['haproxy n1', { what: 'no', hint: '', retryAtMs: 0 }]]) },
      'refused',
    ],
    [
      'not, when it was joined and is denied now',
      { haproxy: member([['n1', ours]]), rules: { ...rules, never: ['apps'] } },
      'refused',
    ],
    [
      'also when it is denied and somebody else attached it',
      { haproxy: member([['n1', theirs]]), rules: { ...rules, never: ['apps'] } },
      'reached',
    ],
  ])('%s', (_, values, expected) => {
    expect(reachOf(apps, state(values)).kind).toBe(expected)
  })

  it('says what would help where it is not', () => {
    expect(reachOf(apps, state({ rules: { ...rules, isOn: false } }))).toEqual({
      kind: 'refused',
      what: 'HAProxy is not on network "apps", and joining networks is turned off (--join-networks off)',
      hint: 'docker network connect apps haproxy, or publish its port (docker run -p PORT)',
    })
  })
})
