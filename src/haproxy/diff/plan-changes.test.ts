import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdminState, DesiredState } from '../../model/desired-state.ts'
import { modelOf, readBack, remove, run } from '../../../test/support/diff-interpreter.ts'
import type { Model } from '../../../test/support/diff-interpreter.ts'
import { capabilitiesOf } from '../capabilities.ts'
import { ConfigSyntaxError } from '../config/syntax-error.ts'
import { mostAddsPerBackend } from './plan-backend.ts'
import { planChanges } from './plan-changes.ts'
import type { Plan } from './plan.ts'

const versions = fc.constantFrom('2.6.12', '3.0.11', '3.2.26')
const mapPath = '/maps/hosts.map'

type Server = {
  name: string
  host: number
  port: number
  params: string[]
  admin: AdminState
}

const params = fc.uniqueArray(
  fc.constantFrom(
    'check',
    'inter 2s',
    'inter 5s',
    'weight 3',
    'weight 0',
    'maxconn 10',
    'backup',
    'no-check',
  ),
  { maxLength: 4, selector: (param) => param.split(' ')[0] },
)
const servers: fc.Arbitrary<Server[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c:80', 'd.1', 'e'),
    host: fc.integer({ min: 1, max: 4 }),
    port: fc.constantFrom(80, 8080),
    params,
    admin: fc.constantFrom('ready', 'ready', 'drain', 'maint'),
  }),
  { selector: ({ name }) => name, maxLength: 5 },
)
const entries = fc.dictionary(
  fc.string({ unit: fc.constantFrom('a', 'b', '.', ';', '\\', 'é'), minLength: 1, maxLength: 3 }),
  fc.constantFrom('app', 'api', 'a b', String.raw`x;\y`),
)
// The same settings in both states, so that most plans need no reload.
const settings = fc.record({
  version: versions,
  inherited: params,
  own: params,
  isV6: fc.boolean(),
})
const content = fc.record({ app: servers, api: servers, entries, isReversed: fc.boolean() })

function stateOf(
  { inherited, own, isV6 }: { inherited: string[]; own: string[]; isV6: boolean },
  {
    app,
    api,
    entries,
    isReversed,
  }: { app: Server[]; api: Server[]; entries: Record<string, string>; isReversed: boolean },
): DesiredState {
  const address = (server: Server): string =>
    isV6 ? `[fd00::${server.host}]:${server.port}` : `10.0.0.${server.host}:${server.port}`
  const lines = (list: Server[]): string =>
    list
      .map((server) => {
        const disabled = server.admin === 'ready' ? [] : ['disabled']
        return `  server ${[server.name, address(server), ...server.params, ...disabled].join(' ')}\n`
      })
      .join('')
  const backends = [
    `backend app\n  default-server ${own.join(' ') || 'fall 3'}\n${lines(app)}`,
    `backend api\n${lines(api)}`,
  ]
  if (isReversed) backends.reverse()
  const config = `defaults
  default-server ${inherited.join(' ') || 'fall 3'}
frontend web
  use_backend %[req.hdr(host),map_str(${mapPath},app)]
${backends.join('\n')}`
  const admin = [
    ...app.map((server) => ['app', server] as const),
    ...api.map((server) => ['api', server] as const),
  ]
  return {
    config,
    files: new Map([
      [
        mapPath,
        Object.entries(entries)
          .map(([key, value]) => `${key} ${value}\n`)
          .join(''),
      ],
    ]),
    servers: new Map(admin.map(([backend, server]) => [`${backend}/${server.name}`, server.admin])),
  }
}

function planFrom(model: Model, from: DesiredState, to: DesiredState, version: string): Plan {
  const base = { config: from.config, files: from.files, servers: readBack(model) }
  return planChanges(base, to, capabilitiesOf(version))
}

function plain(model: Model): unknown {
  const maps = [...model.maps].map(([path, map]) => [path, Object.fromEntries(map)])
  return { servers: Object.fromEntries(model.servers), maps: Object.fromEntries(maps) as unknown }
}

describe('planChanges', () => {
  it('gives commands that turn the one state into the other', () => {
    fc.assert(
      fc.property(settings, content, content, (shared, from, to) => {
        const [before, after] = [stateOf(shared, from), stateOf(shared, to)]
        const model = modelOf(before)
        const plan = planFrom(model, before, after, shared.version)
        expect(plan.kind).not.toBe('reload')
        if (plan.kind === 'runtime') {
          for (const command of plan.commands) run(model, command)
          for (const id of plan.removals) remove(model, id)
        }
        expect(plain(model)).toEqual(plain(modelOf(after)))
        expect(planFrom(model, after, after, shared.version).kind).toBe('none')
      }),
      { numRuns: 400 },
    )
  })

  it('repairs a HAProxy that drifted from the text', () => {
    fc.assert(
      fc.property(settings, content, content, (shared, from, real) => {
        const wanted = stateOf(shared, from)
        const drifted = modelOf(stateOf(shared, real))
        const plan = planFrom(drifted, wanted, wanted, shared.version)
        expect(plan.kind).not.toBe('reload')
        if (plan.kind !== 'runtime') return
        for (const command of plan.commands) run(drifted, command)
        for (const id of plan.removals) remove(drifted, id)
        const expected = readBack(modelOf(wanted))
        expect(Object.fromEntries(readBack(drifted))).toEqual(Object.fromEntries(expected))
      }),
    )
  })

  it('never leaves a backend without a ready server that has one before and after', () => {
    fc.assert(
      fc.property(settings, content, content, (shared, from, to) => {
        const [before, after] = [stateOf(shared, from), stateOf(shared, to)]
        const model = modelOf(before)
        const plan = planFrom(model, before, after, shared.version)
        // A replaced server is away for a moment by its nature.
        if (plan.kind !== 'runtime' || plan.changes.some(({ kind }) => kind === 'server-replace'))
          return
        const kept = ['app', 'api'].filter(
          (name) => hasReady(model, name) && hasReady(modelOf(after), name),
        )
        for (const command of plan.commands) {
          run(model, command)
          expect(kept.filter((name) => !hasReady(model, name))).toEqual([])
        }
      }),
      { numRuns: 400 },
    )
  })

  it('finds nothing to do between two writings of one text', () => {
    fc.assert(
      fc.property(
        settings,
        content,
        fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
        (shared, from, dice) => {
          const state = stateOf(shared, from)
          const config = state.config.replaceAll(/[^\n]+/g, (line) =>
            rewrite(line, dice.next().value ?? 0),
          )
          expect(planFrom(modelOf(state), state, { ...state, config }, shared.version)).toEqual({
            kind: 'none',
            changes: [],
          })
        },
      ),
    )
  })

  it('reloads rather than adds very many servers to one backend', () => {
    const from = 'backend x\n'
    const plan = (count: number): Plan => {
      const lines = Array.from(
        { length: count },
        (_, index) => `  server s${index} 10.0.0.1:${index + 1}\n`,
      )
      const base = { config: from, files: new Map(), servers: new Map() }
      const desired = { config: from + lines.join(''), files: new Map(), servers: new Map() }
      return planChanges(base, desired, capabilitiesOf('2.6.12'))
    }
    expect(plan(mostAddsPerBackend).kind).toBe('runtime')
    expect(plan(mostAddsPerBackend + 1)).toMatchObject({
      kind: 'reload',
      reasons: ['backend x: 2001 servers to add; above 2000 in one backend a reload is quicker'],
    })
  })

  it('refuses a wanted text that cannot be read, and reloads over a running one', () => {
    const [good, bad] = ['backend x\n  mode http\n', 'backend x\n  mode "http\n']
    const plan = (from: string, to: string): Plan =>
      planChanges(
        { config: from, files: new Map(), servers: new Map() },
        { config: to, files: new Map(), servers: new Map() },
        capabilitiesOf('2.6.12'),
      )
    expect(() => plan(good, bad)).toThrow(ConfigSyntaxError)
    expect(plan(bad, good)).toMatchObject({
      kind: 'reload',
      reasons: [expect.stringContaining('line 2')],
    })
  })
})

function hasReady({ servers }: Model, backend: string): boolean {
  return [...servers].some(([id, { admin }]) => id.startsWith(`${backend}/`) && admin === 'ready')
}

/** The same words written in another way. */
function rewrite(line: string, die: number): string {
  const words = line.trim().split(' ')
  switch (die) {
    case 0:
      return `\t${words.join('  ')} # note`
    case 1:
      return words.map((word) => `'${word}'`).join(' ')
    case 2:
      return `# before\n\n${line}`
    case 3:
      return words.map((word) => `"${word}"`).join('\t')
    default:
      return line
  }
}
