import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** A program of this run in the background, with its output in a file. */
export type Program = {
  readonly pid: number
  readonly isRunning: () => boolean
  /** The last lines it wrote. */
  output(): string
  /** Sends the signal, and SIGKILL when it has not ended after the time. */
  end(signal?: NodeJS.Signals, timeoutMs?: number): Promise<void>
}

/** Starts a program; throws when it cannot be started at all. */
export async function startProgram(
  command: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const [file = '', ...args] = command
  const log = openSync(logFile, 'a')
  const stdio: ['ignore', number, number] = ['ignore', log, log]
  const child = spawn(file, args, { stdio, env: { ...process.env, ...env } })
  closeSync(log)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await spawned(child)
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    isRunning,
    output: () => readFileSync(logFile, 'utf8').split('\n').slice(-30).join('\n'),
    async end(signal = 'SIGTERM', timeoutMs = 15_000) {
      if (!isRunning()) return
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      await ended
      clearTimeout(timer)
    },
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}
