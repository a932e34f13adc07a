import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { signalExitCodes } from './progress.mjs'

// Debian keeps haproxy and dockerd in sbin, which is not on every user's PATH.
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Absolute path of a program on PATH or in the system's sbin folders, else undefined. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]
  return folders.map((folder) => join(folder || '.', name)).find(isExecutable)
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    // Missing or not ours to run: both mean "not this one".
    return false
  }
}

/**
 * Runs a program to its end, with nothing on its stdin.
 *
 * With `output: 'show'` it writes straight to the terminal; otherwise stdout and stderr come back
 * as one text. A signal that this process gets meanwhile goes on to the program, and the result
 * says so in `signal`: the caller cleans up first and then ends. Never throws for what the program
 * does; a program that cannot be started has code 127.
 *
 * @returns {Promise<{code: number, output: string, signal: string | undefined}>}
 */
export function run(program, args, { output = 'collect', cwd, env } = {}) {
  return new Promise((resolve) => {
    const stdio = output === 'show' ? 'inherit' : 'pipe'
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', stdio, stdio] })
    const chunks = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (c) => chunks.push(c))
    let received
    const forwards = Object.keys(signalExitCodes).map((signal) => {
      const forward = () => {
        received = signal
        child.kill(signal)
      }
      process.on(signal, forward)
      return () => process.off(signal, forward)
    })
    const finish = (code, extra = '') => {
      for (const release of forwards) release()
      resolve({ code, output: Buffer.concat(chunks).toString() + extra, signal: received })
    }
    child.once('error', (error) => finish(127, error.message))
    child.once('close', (code, signal) => finish(code ?? signalExitCodes[signal] ?? 1))
  })
}

/** Ends this process when `run` was interrupted by a signal; exit handlers still run. */
export function exitIfInterrupted(result) {
  if (result.signal !== undefined) process.exit(signalExitCodes[result.signal])
}
