import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from './log.ts'
import { openLogFile } from './log-file.ts'

const time = new Date(2026, 0, 2, 3, 4, 5, 67)

it('writes lines of the level and above, as consul-template words them', () => {
  const lines: string[] = []
  const log = createLog('WARN', [(line) => lines.push(line)], () => time)
  log.info('runner', 'quiet')
  log.warn('view', 'loud')
  log.err('cli', 'one\ntwo \u001b[31m\n')
  expect(lines).toEqual([
    '2026/01/02 03:04:05.067000 [WARN] (view) loud\n',
    '2026/01/02 03:04:05.067000 [ERR] (cli) one·two ·[31m\n',
  ])
})

it('cuts a line that quotes a long text', () => {
  const lines: string[] = []
  createLog('INFO', [(line) => lines.push(line)], () => time).err('cli', 'x'.repeat(100_000))
  expect(lines[0]?.length).toBeLessThan(2100)
  expect(lines[0]?.endsWith('x…\n')).toBe(true)
})

describe('a log file', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-t-log-'))
    path = join(folder, 'deep/ct.log')
  })

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  const files = (): Promise<string[]> => readdir(join(folder, 'deep'))

  it('starts anew at its size, and only the newest are kept', async () => {
    let now = 0
    const sink = openLogFile({ path, rotateBytes: 10, rotateMs: 0, mostFiles: 2 }, () => now)
    for (const each of [1, 2, 3, 4, 5, 6, 7]) {
      now = each
      sink(`line ${each}\n`, 'INFO')
    }
    expect(await files()).toEqual(['ct-5.log', 'ct-7.log', 'ct.log'])
    expect(await readFile(path, 'utf8')).toBe('line 7\n')
  })

  it('starts anew at its age', async () => {
    let now = 0
    const sink = openLogFile({ path, rotateBytes: 0, rotateMs: 60_000, mostFiles: 0 }, () => now)
    sink('one\n', 'INFO')
    now = 60_000
    sink('two\n', 'INFO')
    expect(await files()).toEqual(['ct-60000.log', 'ct.log'])
  })

  it('keeps none with a negative number', async () => {
    const sink = openLogFile({ path, rotateBytes: 1, rotateMs: 0, mostFiles: -1 }, () => 0)
    sink('one\n', 'INFO')
    sink('two\n', 'INFO')
    expect(await files()).toEqual(['ct.log'])
    expect(await readFile(path, 'utf8')).toBe('two\n')
  })

  it('that cannot be written is an error at the start', () => {
    expect(() =>
      openLogFile({ path: '/dev/null/x', rotateBytes: 0, rotateMs: 0, mostFiles: 0 }, () => 0),
    ).toThrow('cannot write log file /dev/null/x')
  })
})
