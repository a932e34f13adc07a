import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { waitUntil } from '../../../test/support/wait-until.ts'
import type { CommandLine } from '../config/contract.ts'
import { runCommand } from './run-command.ts'

let folder: string

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-t-command-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

const shell = (line: string): CommandLine => ({ kind: 'shell', line })
const program = (...words: readonly string[]): CommandLine => ({
  kind: 'arguments',
  arguments: words,
})

function run(line: CommandLine, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const environment = { PATH: process.env['PATH'], WHO: 'ann' }
  const around = {
    environment,
    cwd: folder,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
  }
  return runCommand(line, { ...around, ...options })
}

it('runs a line in a shell, and a list without one, in the folder and environment it is given', async () => {
  expect(await run(shell('echo "$WHO" > a && echo 2 >> a'))).toBeUndefined()
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('ann\n2\n')
  expect(await run(program('touch', 'b; c'))).toBeUndefined()
  expect(await readFile(join(folder, 'b; c'), 'utf8')).toBe('')
})

it.each([
  ['its exit code', shell('true; exit 3'), 'command "true; exit 3" exited with code 3'],
  [
    'the signal that ended it',
    shell('kill -9 $$; :'),
    'command "kill -9 $$; :" was ended by SIGKILL',
  ],
  [
    'that there is no such program',
    program('no-such-program'),
    'command "no-such-program" cannot be started: spawn no-such-program ENOENT',
  ],
  ['that no program can have such a name', program('a\0b'), /cannot be started: .*null bytes/],
])('says %s', async (_what, line, why) => {
  const failure = await run(line)
  if (typeof why === 'string') expect(failure).toBe(why)
  else expect(failure).toMatch(why)
})

it('kills what does not end in time, with all that a shell started', async () => {
  const failure = await run(shell('echo $$ > pid; sleep 1000 & wait'), { timeoutMs: 3000 })
  expect(failure).toContain('did not end within 3000 ms: killed')
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  await waitUntil('the group has gone', () => !isThere(-pid))
})

it('waits for nothing with a time of 0, but says what cannot be started', async () => {
  expect(await run(shell('sleep 0.01; true'), { timeoutMs: 0 })).toBeUndefined()
  expect(await run(program('no-such-program'), { timeoutMs: 0 })).toContain('cannot be started')
})

it('gives up at the end of the program, and tells the command', async () => {
  const stop = new AbortController()
  // The inner shell says that it runs itself: between fork and exec a signal can be lost.
  const inner = "sh -c 'echo $$ > pid; exec sleep 1000' & wait"
  const line = `trap "echo told > told; exit" TERM; ${inner}`
  const ended = run(shell(line), { signal: stop.signal })
  const pidFile = join(folder, 'pid')
  await waitUntil('it runs', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '')
  stop.abort()
  expect(await ended).toBeUndefined()
  const pid = Number(await readFile(pidFile, 'utf8'))
  await waitUntil('all have gone', () => !isThere(pid))
  expect(await readFile(join(folder, 'told'), 'utf8')).toBe('told\n')
})
