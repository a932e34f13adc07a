import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DesiredState } from '../../model/desired-state.ts'
import { modelOf, readBack, remove, run } from '../../../test/support/diff-interpreter.ts'
import type { Model } from '../../../test/support/diff-interpreter.ts'
import { serverContent, sharedSettings, stateOf } from '../../../test/support/diff-states.ts'
import { capabilitiesOf } from '../capabilities.ts'
import { ConfigSyntaxError } from '../config/syntax-error.ts'
import type { RunningServer } from '../control.ts'
import { planChanges } from './plan-changes.ts'
import type { Plan } from './plan.ts'

const versions = fc.constantFrom('2.6.12', '3.0.11', '3.2.26')
const settings = fc.record({ version: versions, shared: sharedSettings })

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
      fc.property(settings, serverContent, serverContent, ({ version, shared }, from, to) => {
        const [before, after] = [stateOf(shared, from), stateOf(shared, to)]
        const model = modelOf(before)
        const plan = planFrom(model, before, after, version)
        expect(plan.kind).not.toBe('reload')
        if (plan.kind === 'runtime') {
          for (const command of plan.commands) run(model, command)
          for (const id of plan.removals) remove(model, id)
        }
        expect(plain(model)).toEqual(plain(modelOf(after)))
        expect(planFrom(model, after, after, version).kind).toBe('none')
      }),
      { numRuns: 400 },
    )
  })

  it('repairs a HAProxy that drifted from the text', () => {
    fc.assert(
      fc.property(settings, serverContent, serverContent, ({ version, shared }, from, real) => {
        const wanted = stateOf(shared, from)
        const drifted = modelOf(stateOf(shared, real))
        const plan = planFrom(drifted, wanted, wanted, version)
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
      fc.property(settings, serverContent, serverContent, ({ version, shared }, from, to) => {
        const [before, after] = [stateOf(shared, from), stateOf(shared, to)]
        const model = modelOf(before)
        const plan = planFrom(model, before, after, version)
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
        serverContent,
        fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
        ({ version, shared }, from, dice) => {
          const state = stateOf(shared, from)
          const config = state.config.replaceAll(/[^\n]+/g, (line) =>
            rewrite(line, dice.next().value ?? 0),
          )
          expect(planFrom(modelOf(state), state, { ...state, config }, version)).toEqual({
            kind: 'none',
            changes: [],
          })
        },
      ),
    )
  })

  describe('with very many changes', () => {
    const textOf = (servers: number, backends: number): string =>
      Array.from({ length: backends }, (_, backend) => {
        const lines = Array.from(
          { length: servers / backends },
          (__, index) => `  server s${index} 10.0.0.1:${index + 1} check\n`,
        )
        return `backend b${backend}\n${lines.join('')}`
      }).join('')
    const plan = (from: string, to: string, version = '2.6.12'): Plan => {
      const servers = readBack(modelOf({ config: from, files: new Map(), servers: new Map() }))
      const base = { config: from, files: new Map(), servers }
      const desired = { config: to, files: new Map(), servers: new Map() }
      return planChanges(base, desired, capabilitiesOf(version))
    }

    it.each([
      ['2.6.12', 2000, 'runtime'],
      ['2.6.12', 3000, 'reload'],
      ['3.0.11', 3000, 'reload'],
      ['3.4.7', 3000, 'runtime'],
      ['3.4.7', 9000, 'reload'],
    ])('on %s adds %i servers to one backend by %s', (version, count, how) => {
      expect(plan(textOf(0, 1), textOf(count, 1), version).kind).toBe(how)
    })

    it.each([
      [8000, 'runtime'],
      [20_000, 'reload'],
    ])('adds %i servers to 500 backends by %s', (count, how) => {
      expect(plan(textOf(0, 500), textOf(count, 500)).kind).toBe(how)
    })

    it.each([
      [5000, 'runtime'],
      [20_000, 'reload'],
    ])('removes %i servers of 500 backends by %s', (count, how) => {
      expect(plan(textOf(count, 500), textOf(0, 500)).kind).toBe(how)
    })

    it('says why', () => {
      const many = plan(textOf(0, 1), textOf(3000, 1))
      expect(many.kind === 'reload' && many.reasons).toEqual([
        {
          kind: 'mass',
          text: '3000 servers to add and 0 to remove: a reload is cheaper (some 590 ms of commands against 260 ms)',
        },
      ])
    })

    it('does not count what a reload would not spare', () => {
      const text = textOf(100_000, 1000)
      const servers = new Map<string, RunningServer>()
      for (let index = 0; index < 100_000; index += 1) {
        const [backend, name] = [`b${Math.floor(index / 100)}`, `s${index % 100}`]
        const port = (index % 100) + 1
        const [admin, operational] = ['ready', 'running'] as const
        const server = { backend, name, address: '10.0.0.1', port, weight: 1, admin, operational }
        servers.set(`${backend}/${name}`, server)
      }
      const drain = new Map([...servers.keys()].map((key) => [key, 'drain'] as const))
      const base = { config: text, files: new Map(), servers }
      const desired = { config: text, files: new Map(), servers: drain }
      expect(planChanges(base, desired, capabilitiesOf('2.6.12')).kind).toBe('runtime')
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
      reasons: [{ kind: 'unknown', text: expect.stringContaining('line 2') }],
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
