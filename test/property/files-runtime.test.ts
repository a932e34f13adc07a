import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capabilitiesOf } from '../../src/haproxy/capabilities.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { readPatternFile } from '../../src/haproxy/diff/map-file.ts'
import type { Plan } from '../../src/haproxy/diff/plan.ts'
import { emptyFileWorld, interpretFileCommand } from '../../src/haproxy/runtime/interpret-files.ts'
import type { FileWorld } from '../../src/haproxy/runtime/interpret-files.ts'
import { parseMapFile } from '../../src/haproxy/runtime/maps.ts'
import type { MapEntry } from '../../src/haproxy/runtime/maps.ts'
import { refusalOf } from '../../src/haproxy/runtime/replies.ts'
import { Transactions } from '../../src/haproxy/runtime/transactions.ts'
import { payloadOf, splitCommand, unsendable } from '../../src/haproxy/runtime/words.ts'

const config = `frontend web
  bind :80
  use_backend %[req.hdr(host),map(/m/plain.map,a)]
  use_backend %[path,map_reg(/m/ordered.map,a)]
  acl bad src -f /a/bad.acl
`

const word = fc.string({
  unit: fc.constantFrom('a', 'b', '.', ';', '\\', 'é', '#', '@', '<', '"', "'", '$'),
  minLength: 1,
  maxLength: 3,
})
const line = fc.tuple(word, fc.constantFrom(' ', '  \t'), word).map((words) => words.join(''))
const form = fc.constantFrom('', ' ', '\t', '# comment\n', '\n')
const lines = (text: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(form, text), { maxLength: most })
    .map((all) => all.map(([before, each]) => `${before}${each}\n`).join(''))

const files = fc.record({
  plain: lines(line, 60),
  ordered: lines(line, 8),
  acl: lines(fc.oneof(word, line), 20),
})
type Files = { plain: string; ordered: string; acl: string }

function mapOf({ plain, ordered, acl }: Files): Map<string, string> {
  return new Map([
    ['/m/plain.map', plain],
    ['/m/ordered.map', ordered],
    ['/a/bad.acl', acl],
  ])
}

function worldOf(state: Files): FileWorld {
  const world = emptyFileWorld()
  world.maps.set('/m/plain.map', parseMapFile(state.plain))
  world.maps.set('/m/ordered.map', parseMapFile(state.ordered))
  const patterns = (readPatternFile(state.acl) ?? []).map((key) => ({ key, value: '' }))
  world.acls.set('/a/bad.acl', patterns)
  return world
}

function run(world: FileWorld, plan: Plan): void {
  const transactions = new Transactions()
  for (const command of plan.kind === 'runtime' ? plan.commands : []) {
    expect(unsendable(command)).toBeUndefined()
    const due = transactions.next(command)
    const reply = interpretFileCommand(world, splitCommand(due), payloadOf(due))
    expect(refusalOf(transactions.got(command, reply ?? '[3]: Unknown.'))).toBeUndefined()
  }
}

/** What a lookup can tell: of several entries with one key the first. */
function firstOf(entries: readonly MapEntry[] = []): Record<string, string> {
  return Object.fromEntries(entries.toReversed().map(({ key, value }) => [key, value]))
}

const plan = (from: Files, to: Files): Plan =>
  planChanges(
    { config, files: mapOf(from), servers: new Map() },
    { config, files: mapOf(to), servers: new Map() },
    capabilitiesOf('2.6.12'),
  )

describe('a plan between files', () => {
  it('leads to just what the new files say, or to a reload', () => {
    let runtime = 0
    fc.assert(
      fc.property(files, files, (from, to) => {
        const found = plan(from, to)
        if (found.kind === 'reload') return
        runtime += 1
        const [world, wanted] = [worldOf(from), worldOf(to)]
        run(world, found)
        const [plain, ordered] = ['/m/plain.map', '/m/ordered.map']
        expect(firstOf(world.maps.get(plain))).toEqual(firstOf(wanted.maps.get(plain)))
        expect(world.maps.get(ordered)).toEqual(wanted.maps.get(ordered))
        const patterns = ({ acls }: FileWorld): Set<string> =>
          new Set(acls.get('/a/bad.acl')?.map(({ key }) => key))
        expect(patterns(world)).toEqual(patterns(wanted))
      }),
      { numRuns: 500 },
    )
    expect(runtime).toBeGreaterThan(50)
  })

  it('is a reload only for patterns that a command would take for something else', () => {
    fc.assert(
      fc.property(files, files, (from, to) => {
        const found = plan(from, to)
        if (found.kind !== 'reload') return
        for (const { text } of found.reasons)
          expect(text).toMatch(/^file \/a\/bad\.acl: has a pattern that (?:looks|cannot)/)
      }),
      { numRuns: 300 },
    )
  })
})
