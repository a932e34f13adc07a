import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../../test/support/samples.ts'
import type { Candidate, Observation } from '../../model/candidate.ts'
import { encodeHeader, replayJournal } from './journal-file.ts'
import { merge, type Contents } from './merge.ts'
import { checksumOf, decodeSnapshot, encodeSnapshot } from './snapshot-file.ts'
import { RegistryStorage } from './storage.ts'

let folder: string
let path: string
let journal: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-storage-'))
  path = join(folder, 'registry.snapshot')
  journal = `${path}.journal`
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const sources = ['api', 'docker:pi1', '__proto__']
const candidates = ['a', 'ü\n"', 'constructor', 'd'].map((name) =>
  sampleCandidate([sampleEndpoint({ id: `pi1:${name}:80` })]),
)

/** What one observation says of one candidate, or of none. */
const step = fc.record({
  source: fc.constantFrom(...sources),
  index: fc.nat(candidates.length - 1),
  port: fc.integer({ min: 1, max: 3 }),
  isRemoval: fc.boolean(),
  isComplete: fc.boolean(),
  isWritten: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function observationOf({ source, index, port, isRemoval, isComplete }: Step): Observation {
  const sample = candidates[index] as Candidate
  const endpoints = sample.endpoints.map((endpoint) => ({ ...endpoint, port }))
  return {
    source,
    isComplete,
    upserts: isRemoval ? [] : [{ ...sample, endpoints }],
    removals: isRemoval ? [sample.key] : [],
    cause: 'test',
    eventAtMs: undefined,
  }
}

/** As text, which also says in which order; a source without candidates makes no difference. */
function stateOf(contents: Contents): string {
  return JSON.stringify(
    [...contents].flatMap(([source, known]) =>
      known.size === 0 ? [] : [[source, [...known.values()]]],
    ),
  )
}

/** Writes a first snapshot, then does the steps; gives the states that were written. */
async function store(storage: RegistryStorage, steps: readonly Step[]): Promise<string[]> {
  const contents: Contents = new Map(sources.map((source) => [source, new Map()]))
  await storage.write(contents)
  const states = [stateOf(contents)]
  for (const each of steps) {
    const changes = merge(contents, observationOf(each))
    storage.note(each.source, changes)
    if (!each.isWritten) continue
    const before = await readFile(journal)
    await storage.write(contents)
    if (!(await readFile(journal)).equals(before)) states.push(stateOf(contents))
  }
  return states
}

async function filesAfter(steps: readonly Step[]): Promise<{
  readonly snapshot: string
  readonly text: string
  readonly states: readonly string[]
}> {
  const states = await store(new RegistryStorage(path), steps)
  const [snapshot, text] = await Promise.all([readFile(path, 'utf8'), readFile(journal, 'utf8')])
  return { snapshot, text, states }
}

function replayed(snapshot: string, text: string): { state: string; fault: string } {
  const { contents } = decodeSnapshot(snapshot)
  const { fault } = replayJournal(text, checksumOf(snapshot), contents)
  return { state: stateOf(contents), fault }
}

const steps = fc.array(step, { maxLength: 12 })

describe('the journal', () => {
  it('brings back just what was written last, whatever changed in between', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (each) => {
        const { states } = await filesAfter(each)
        const restored = await new RegistryStorage(path).load()
        expect(restored?.problem).toBeUndefined()
        expect(stateOf(restored?.contents ?? new Map())).toBe(states.at(-1))
      }),
      { numRuns: 40 },
    )
  })

  it('gives a state that was written, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.double({ min: 0, max: 1, noNaN: true }), async (each, part) => {
        const { snapshot, text, states } = await filesAfter(each)
        const bytes = Buffer.from(text)
        const cut = bytes.subarray(0, Math.floor(part * bytes.length)).toString('utf8')
        const { state, fault } = replayed(snapshot, cut)
        const lines = Math.max(0, cut.split('\n').length - 2)
        // A line that lacks only its line feed counts.
        expect([states[lines], states[lines + 1]]).toContain(state)
        expect(fault === '' || !cut.includes('\n')).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('gives a state that was written when one byte is another', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (each, place) => {
        const { snapshot, text, states } = await filesAfter(each)
        const at = place % text.length
        const other = text[at] === 'x' ? 'y' : 'x'
        const changed = text.slice(0, at) + other + text.slice(at + 1)
        const { state, fault } = replayed(snapshot, changed)
        const line = text.slice(0, at).split('\n').length - 2
        expect(state).toBe(states[Math.max(0, line)])
        // Without the line feed before it the last line is one with that which it ended.
        const isAtEnd = !changed.slice(at, -1).includes('\n')
        if (!isAtEnd) expect(fault).toContain('damaged')
      }),
      { numRuns: 60 },
    )
  })

  it('says nothing once its snapshot was replaced', () => {
    const old = encodeSnapshot(new Map([['api', new Map()]]))
    const newer = encodeSnapshot(new Map([['api', new Map([['a', candidates[0] as Candidate]])]]))
    const before = decodeSnapshot(newer).contents
    const { state, fault } = replayed(newer, encodeHeader(checksumOf(old)))
    expect({ state, fault }).toEqual({ state: stateOf(before), fault: '' })
  })
})

describe('the storage of the registry', () => {
  const noted = (index: number, port = 80): Step => ({
    source: 'api',
    index,
    port,
    isRemoval: false,
    isComplete: false,
    isWritten: true,
  })

  it('adds a line for each write and leaves the snapshot alone', async () => {
    const storage = new RegistryStorage(path)
    await store(storage, [])
    const before = await readFile(path, 'utf8')
    const contents: Contents = new Map()
    for (const index of [0, 1, 2]) {
      storage.note('api', merge(contents, observationOf(noted(index))))
      await storage.write(contents)
    }
    expect(await readFile(path, 'utf8')).toBe(before)
    expect((await readFile(journal, 'utf8')).split('\n')).toHaveLength(1 + 3 + 1)
  })

  it('writes a new snapshot when the journal has outgrown it', async () => {
    const storage = new RegistryStorage(path)
    const contents: Contents = new Map()
    await storage.write(contents)
    const before = await readFile(path, 'utf8')
    for (let count = 0; (await readFile(path, 'utf8')) === before; count += 1) {
      expect(count).toBeLessThan(200)
      for (let port = 1; port <= 30; port += 1) {
        storage.note('api', merge(contents, observationOf(noted(count % 4, port))))
      }
      await storage.write(contents)
    }
    expect((await readFile(journal, 'utf8')).split('\n')).toHaveLength(2)
    const restored = await new RegistryStorage(path).load()
    expect(restored?.contents).toEqual(contents)
  })

  it('starts with a snapshot of its own over what another process left', async () => {
    const { states } = await filesAfter([noted(0), noted(1)])
    const storage = new RegistryStorage(path)
    const restored = await storage.load()
    await storage.write(restored?.contents ?? new Map())
    const [snapshot, text] = [await readFile(path, 'utf8'), await readFile(journal, 'utf8')]
    expect(text).toBe(encodeHeader(checksumOf(snapshot)))
    expect(replayed(snapshot, text).state).toBe(states.at(-1))
  })

  it('reads a snapshot file of version 1, which has no journal', async () => {
    const contents: Contents = new Map()
    merge(contents, observationOf(noted(0)))
    const text = encodeSnapshot(contents)
    await writeFile(path, text.replace('fairlead-snapshot 2 ', 'fairlead-snapshot 1 '))
    expect((await new RegistryStorage(path).load())?.contents).toEqual(contents)
  })

  it('keeps a damaged journal aside and says what counts', async () => {
    const { text, states } = await filesAfter([noted(0), noted(1), noted(2)])
    const lines = text.split('\n')
    await writeFile(journal, [lines[0], lines[1], `${lines[2]}x`, lines[3], ''].join('\n'))
    const restored = await new RegistryStorage(path).load()
    expect(stateOf(restored?.contents ?? new Map())).toBe(states[1])
    expect(restored?.problem?.what).toContain('line 3 is damaged')
    expect(await readdir(folder)).toContain('registry.snapshot.journal.refused')
  })

  it('tells of damage to the line feed between two lines, too', async () => {
    const { snapshot, text, states } = await filesAfter([noted(0), noted(1), noted(2), noted(3)])
    const at = text.indexOf('\n', text.indexOf('\n') + 1)
    const { state, fault } = replayed(snapshot, `${text.slice(0, at)}x${text.slice(at + 1)}`)
    expect(state).toBe(states[0])
    expect(fault).toContain('line 2 is damaged')
  })

  it('comes back with a whole snapshot after a line could not be written', async () => {
    const storage = new RegistryStorage(path)
    const contents: Contents = new Map()
    await storage.write(contents)
    await rm(journal)
    storage.note('api', merge(contents, observationOf(noted(0))))
    await expect(storage.write(contents)).rejects.toMatchObject({ code: 'state_unwritable' })
    storage.note('api', merge(contents, observationOf(noted(1))))
    await storage.write(contents)
    expect((await new RegistryStorage(path).load())?.contents).toEqual(contents)
  })
})
