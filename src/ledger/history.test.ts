import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeEntry } from '../../test/support/memory-daemon.ts'
import type { GenerationReport } from '../api/contract.ts'
import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { ManualClock, systemClock } from '../support/clock.ts'
import { History } from './history.ts'
import { keptGeneration, keptHistory } from './kept-history.ts'
import { encodeHeader, encodeLine, readSegment, stateAfter } from './segment.ts'
import { emptyState, stateDelta } from './state-delta.ts'

let folder: string

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'fairlead-history-')), 'history')
})

afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true })
})

function reportOf(id: number): GenerationReport {
  return { id, ...changeEntry(), commandTexts: ['x'], problems: [] }
}

function state(
  sections: readonly string[],
  files: Record<string, string> = {},
  servers: Record<string, AdminState> = {},
): DesiredState {
  return {
    config: sections.join(''),
    sections,
    files: new Map(Object.entries(files)),
    servers: new Map(Object.entries(servers)),
  }
}

/** What is equal in two states, whatever they are made of. */
function plain({ config, sections, files, servers }: DesiredState): unknown {
  return { config, sections, files: new Map(files), servers: new Map(servers) }
}

async function openHistory(most = 100, mostBytes?: number): Promise<History> {
  const bytes = mostBytes === undefined ? {} : { mostBytes }
  const history = new History({ folder, clock: systemClock, mostGenerations: most, ...bytes })
  await history.load()
  return history
}

/** Keeps generations one by one, each with a text of its own. */
async function keepMany(history: History, count: number): Promise<void> {
  for (let added = 0; added < count; added += 1) {
    const id = history.lastNumber + 1
    history.keep(reportOf(id), state(['global\n', `backend b${id}\n`]))
    await history.flush()
  }
}

const lines = fc
  .array(fc.constantFrom('  a\n', '  b\n', '  c é\n', '\n'), { maxLength: 5 })
  .map((each) => each.join(''))
const section = fc.tuple(fc.constantFrom('global', 'backend a', 'backend b'), lines)
const states = fc
  .record({
    sections: fc.array(
      section.map(([head, body]) => `${head}\n${body}`),
      { maxLength: 5 },
    ),
    isWhole: fc.boolean(),
    files: fc.dictionary(fc.constantFrom('/m/a.map', '/m/b.map', '__proto__'), lines),
    servers: fc.dictionary(
      fc.constantFrom('a/1', 'a/2', 'b/1'),
      fc.constantFrom('drain' as const, 'maint' as const),
    ),
  })
  .map(({ sections, isWhole, files, servers }): DesiredState => {
    const cut = state(sections, files, servers)
    return isWhole ? { ...cut, sections: undefined } : cut
  })

describe('a segment', () => {
  it('gives every state back, and cut at any byte those before the cut', () => {
    fc.assert(
      fc.property(fc.array(states, { minLength: 1, maxLength: 6 }), fc.nat(), (kept, cutAt) => {
        let text = encodeHeader(5)
        let before = { checksum: '', state: emptyState }
        const ends: number[] = []
        for (const [index, next] of kept.entries()) {
          const delta = stateDelta(before.state, next)
          const { line, checksum } = encodeLine(reportOf(5 + index), delta, before.checksum)
          text += line
          ends.push(Buffer.byteLength(text))
          before = { checksum, state: next }
        }
        const whole = readSegment(text)
        expect(whole.fault).toBe('')
        for (const [index, each] of kept.entries()) {
          expect(plain(stateAfter(whole.lines.slice(0, index + 1)))).toEqual(plain(each))
        }
        const bytes = Buffer.from(text)
        const length = cutAt % bytes.length
        const torn = readSegment(bytes.subarray(0, length).toString())
        expect(torn.lines.length).toBe(ends.filter((end) => end <= length).length)
        const isAtEnd = ends.includes(length) || length === encodeHeader(5).length
        expect(torn.fault === '').toBe(isAtEnd)
      }),
      { numRuns: 200 },
    )
  })

  it('does not count a line that was changed, nor those after it', () => {
    const one = encodeLine(reportOf(1), stateDelta(emptyState, state(['global\n'])), '')
    const two = encodeLine(reportOf(2), {}, one.checksum)
    const text = encodeHeader(1) + one.line + two.line
    expect(readSegment(text.replace('start web-1', 'start web-2'))).toMatchObject({ lines: [] })
    const moved = readSegment(encodeHeader(1) + two.line)
    expect(moved).toMatchObject({ lines: [], fault: 'its line 2 is damaged' })
    const newer = readSegment(text.replace('history 1', 'history 2'))
    expect(newer.fault).toContain('version 2')
  })
})

describe('the history', () => {
  it('goes on with the next number after a restart, and gives each generation with its state', async () => {
    const first = await openHistory()
    await keepMany(first, 3)
    const second = await openHistory()
    expect(second.lastNumber).toBe(3)
    await keepMany(second, 2)
    expect((await second.list(10)).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
    expect((await second.list(2, 4)).map(({ id }) => id)).toEqual([2, 3])
    const found = await second.read(2)
    expect(found?.report).toEqual(reportOf(2))
    expect(found?.state.config).toBe('global\nbackend b2\n')
    expect(await second.read(6)).toBeUndefined()
    expect(second.problems()).toEqual([])
  })

  it('writes what came meanwhile by one append, and little for a change among 10,000 servers', async () => {
    const clock = new ManualClock()
    const history = new History({ folder, clock, mostGenerations: 1000 })
    const servers = Array.from({ length: 10_000 }, (_, at) => `  server s${at} 10.0.0.1:80 check\n`)
    history.keep(reportOf(1), state(['global\n', `backend app\n${servers.join('')}`]))
    await history.flush()
    const [name = ''] = await readdir(folder)
    const before = (await readFile(join(folder, name))).length
    for (const id of [2, 3, 4]) {
      const other = servers.with(id * 1000, `  server n${id} 10.0.0.2:80 check\n`)
      history.keep(reportOf(id), state(['global\n', `backend app\n${other.join('')}`]))
    }
    await clock.advance(25)
    await history.flush()
    expect((await readFile(join(folder, name))).length - before).toBeLessThan(3000)
    expect((await history.read(4))?.state.config).toContain('server n4 ')
  })

  it('says that its end is torn, loses only that, and goes on', async () => {
    await keepMany(await openHistory(), 3)
    const [name = ''] = await readdir(folder)
    const content = await readFile(join(folder, name))
    await writeFile(join(folder, name), content.subarray(0, content.length - 7))
    const history = await openHistory()
    expect(history.problems()[0]?.what).toContain('its last line was cut off; it ends with 2')
    await keepMany(history, 1)
    expect((await history.list(10)).map(({ id }) => id)).toEqual([1, 2, 3])
    expect((await history.read(3))?.state.config).toBe('global\nbackend b3\n')
  })

  it('keeps a bounded number, and a pinned one however old it is', async () => {
    const history = await openHistory(20)
    history.protect(3)
    await keepMany(history, 60)
    const kept = (await keptHistory(folder, 1000)).map(({ id }) => id)
    expect(kept.slice(0, 2)).toEqual([3, 4])
    expect(kept.at(-1)).toBe(60)
    expect(kept.length).toBeGreaterThanOrEqual(22)
    expect(kept.length).toBeLessThanOrEqual(24)
    expect((await keptGeneration(folder, 3))?.state.config).toBe('global\nbackend b3\n')
    expect(await keptGeneration(folder, 10)).toBeUndefined()
    history.protect(undefined)
    await keepMany(history, 1)
    expect(await keptGeneration(folder, 3)).toBeUndefined()
  })

  it('keeps a bounded number of bytes', async () => {
    const history = await openHistory(100, 20_000)
    for (let id = 1; id <= 60; id += 1) {
      history.keep(reportOf(id), state([`backend b${id}\n`, `# ${'x'.repeat(500)}${id}\n`]))
      await history.flush()
    }
    const sizes = await Promise.all(
      (await readdir(folder)).map(async (name) => (await readFile(join(folder, name))).length),
    )
    expect(sizes.reduce((sum, each) => sum + each, 0)).toBeLessThan(40_000)
    expect((await history.list(1)).map(({ id }) => id)).toEqual([60])
  })

  it('shows a disk that fails as a problem, keeps on in memory, and writes when it can again', async () => {
    await writeFile(folder, 'in the way')
    const history = new History({ folder, clock: systemClock, mostGenerations: 100 })
    await history.load()
    history.keep(reportOf(1), state(['global\n']))
    await history.flush()
    expect(history.problems().map(({ where }) => where)).toContain('history')
    expect((await history.read(1))?.report.id).toBe(1)
    await rm(folder)
    history.keep(reportOf(2), state(['global\n', 'backend b\n']))
    await history.flush()
    expect((await keptHistory(folder, 10)).map(({ id }) => id)).toEqual([1, 2])
    const again = await openHistory()
    expect(again.lastNumber).toBe(2)
    expect(again.problems()).toEqual([])
  })

  it('keeps no private key, only its digest', async () => {
    const history = await openHistory()
    const secret = '-----BEGIN PRIVATE KEY-----\nhush\n'
    history.keep(reportOf(1), state(['global\n'], { '/c/site.pem': secret, '/m/a.map': 'a b\n' }))
    await history.flush()
    const found = await history.read(1)
    expect(found?.state.files.get('/c/site.pem')).toMatch(/^\0sha256:[0-9a-f]{64}$/)
    expect(found?.state.files.get('/m/a.map')).toBe('a b\n')
    const [name = ''] = await readdir(folder)
    expect(await readFile(join(folder, name), 'utf8')).not.toContain('hush')
  })

  it('passes over files that are not its own', async () => {
    await keepMany(await openHistory(), 1)
    await writeFile(join(folder, 'notes.txt'), 'x')
    await appendFile(join(folder, '000000000000.log'), 'x')
    expect((await openHistory()).lastNumber).toBe(1)
  })
})
