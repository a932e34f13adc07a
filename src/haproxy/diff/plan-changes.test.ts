import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DesiredState } from '../../model/desired-state.ts'
import { modelOf, readBack, remove, run } from '../../../test/support/diff-interpreter.ts'
import type { Model } from '../../../test/support/diff-interpreter.ts'
import { serverContent, sharedSettings, stateOf } from '../../../test/support/diff-states.ts'
import { capabilitiesOf } from '../capabilities.ts'
import { ConfigSyntaxError } from '../config/syntax-error.ts'
import { mostAddsPerBackend } from './plan-backend.ts'
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
      reasons: [
        {
          kind: 'mass',
          text: 'backend x: 2001 servers to add; above 2000 in one backend a reload is quicker',
          section: 'backend x',
          line: 1,
        },
      ],
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
