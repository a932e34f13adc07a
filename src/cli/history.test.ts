import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeEntry, MemoryDaemon, statusReport } from '../../test/support/memory-daemon.ts'
import { serveApi, type ServedApi } from '../api/server.ts'
import type { GenerationReport } from '../api/contract.ts'
import { History } from '../ledger/history.ts'
import { systemClock } from '../support/clock.ts'
import type { CliContext } from './context.ts'
import { run } from './program.ts'

let folder: string
let daemon: MemoryDaemon
let api: ServedApi | undefined
const nowMs = 1_700_000_060_000

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-cli-history-'))
  daemon = new MemoryDaemon()
  daemon.generations.push(
    generation(41, { changes: ['backend web: + server a', 'backend web: + server b'] }, 2),
    generation(42, { how: 'failed', reasons: ['line 3 is wrong'], changes: [] }, 0),
    generation(43, { how: 'reload', reasons: ['backend x is new'], pinnedTo: 41 }, 1),
  )
})

afterEach(async () => {
  await api?.close()
  api = undefined
  rmSync(folder, { recursive: true, force: true })
})

function generation(
  id: number,
  changes: Parameters<typeof changeEntry>[0],
  changeCount: number,
): GenerationReport {
  const entry = changeEntry({ changeCount, ...changes })
  return { id, ...entry, commandTexts: ['set server web/a weight 5'], problems: [] }
}

async function startDaemon(): Promise<void> {
  api = await serveApi({
    control: daemon,
    version: '0',
    adminHosts: [],
    token: undefined,
    onDefect: () => undefined,
    listen: [{ kind: 'unix', path: join(folder, 'admin.sock') }],
  })
}

async function fairlead(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const outcome = { code: -1, out: '', err: '' }
  const context: CliContext = {
    environment: { FAIRLEAD_STATE_FOLDER: folder },
    isRoot: false,
    homeFolder: folder,
    isTerminal: false,
    cwd: folder,
    columns: 120,
    rows: 20,
    hasColour: false,
    out: (text) => (outcome.out += text),
    err: (text) => (outcome.err += text),
    now: () => nowMs,
    untilInterrupted: () => AbortSignal.abort(),
    runDaemon: () => Promise.resolve(0),
    stopOrphan: () => Promise.resolve(false),
  }
  outcome.code = await run(argv, context)
  return outcome
}

describe('fairlead history', () => {
  it('lists the newest generations, the failed ones too, each on a line', async () => {
    await startDaemon()
    const { code, out } = await fairlead('history', '-n', '2')
    expect(code).toBe(0)
    expect(daemon.calls).toEqual([['history', 2, undefined]])
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[1]).toMatch(/^ *42 {2}.* failed .* start web-1 .* line 3 is wrong$/)
    expect(lines[2]).toMatch(/^ *43 {2}.* reload .* \(pinned to 41\)$/)
    expect(lines.every((line) => line.length <= 120)).toBe(true)
  })

  it('tells everything about one, with its commands', async () => {
    await startDaemon()
    const { out } = await fairlead('history', '41')
    for (const part of ['generation 41', '1 min ago', 'CHANGES (2)', 'COMMANDS (2)', 'weight 5']) {
      expect(out).toContain(part)
    }
    expect(JSON.parse((await fairlead('history', '41', '--json')).out)).toEqual(
      daemon.generations[0],
    )
    expect(await fairlead('history', '7')).toMatchObject({ code: 1 })
  })

  it('refuses what is no number', async () => {
    expect(await fairlead('history', 'x')).toMatchObject({ code: 2 })
    expect(await fairlead('history', '-n', '0')).toMatchObject({ code: 2 })
    expect(await fairlead('diff', '0')).toMatchObject({ code: 2 })
    expect(await fairlead('rollback', '1.5')).toMatchObject({ code: 2 })
  })

  it('reads the state folder when no daemon answers, and diff does', async () => {
    expect(await fairlead('history')).toMatchObject({ code: 3 })
    const clock = systemClock
    const history = new History({ folder: join(folder, 'history'), clock, mostGenerations: 10 })
    for (const [at, report] of daemon.generations.entries()) {
      const config = `backend web\n  server s${at} 10.0.0.1:80\n`
      history.keep(report, { config, files: new Map(), servers: new Map() })
    }
    await history.flush()
    expect((await fairlead('history')).out.split('\n')).toHaveLength(5)
    expect((await fairlead('history', '42')).out).toContain('line 3 is wrong')
    expect(await fairlead('history', '44')).toMatchObject({ code: 1 })
    const { out } = await fairlead('diff', '41')
    expect(out).toContain('generation 41 → now: 2 changes')
    expect(out).toContain('backend web: + server s2')
    const text = (await fairlead('diff', '42', '43', '--text')).out
    expect(text).toContain('-  server s1 10.0.0.1:80\n+  server s2 10.0.0.1:80\n')
    expect(await fairlead('rollback', '41')).toMatchObject({ code: 3 })
  })
})

describe('fairlead diff', () => {
  it('tells what it means, and the text where it is asked for', async () => {
    await startDaemon()
    const short =
      'generation 41 → generation 42: 1 change\n  backend web: + server web.1 10.0.0.2:80\n'
    expect((await fairlead('diff', '41', '42')).out).toBe(short)
    expect((await fairlead('diff', '41', '42', '--text')).out).toContain(`${short}\n--- a\n+++ b\n`)
    expect(JSON.parse((await fairlead('diff', '41', '--json')).out)).toMatchObject({ from: 41 })
    expect(await fairlead('diff', '7', '42')).toMatchObject({ code: 1 })
  })
})

describe('fairlead rollback and unpin', () => {
  it('ask the daemon, and say what came of it', async () => {
    await startDaemon()
    expect((await fairlead('rollback', '41')).out).toContain('pinned to generation 41')
    expect(await fairlead('rollback', '7')).toMatchObject({ code: 1 })
    expect(await fairlead('unpin')).toMatchObject({ code: 1 })
    daemon.report = statusReport({ pin: { generation: 41, sinceMs: nowMs - 5000 } })
    expect((await fairlead('unpin')).out).toBe('no longer pinned to generation 41\n')
    expect(daemon.calls).toEqual([['rollback', 41], ['unpin'], ['unpin']])
    expect((await fairlead('status')).out).toContain('pinned to generation 41 for 5 s')
  })
})
