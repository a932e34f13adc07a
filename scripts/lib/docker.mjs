import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { aptInstall } from './apt.mjs'
import { ensureCgroups } from './cgroups.mjs'
import { canUseApt, installCommand, isRoot, isSystemdRunning } from './platform.mjs'
import { say, SetupError } from './progress.mjs'
import { findProgram, run } from './run.mjs'

const defaultSocket = '/var/run/docker.sock'
const logFile = '/var/log/fairlead-dockerd.log'
const startTimeoutMs = 60_000

/**
 * Makes sure that a Docker daemon answers: DOCKER_HOST, else the local socket.
 *
 * Where apt can be used without asking, Docker is installed; where the daemon may be started by
 * this user, it is started: by systemd where that runs, else as a process of its own that outlives
 * the script. Everything else ends in a SetupError with the command to give.
 */
export async function ensureDocker() {
  const answer = await ping()
  if (answer === 'ok') return
  if (process.env.DOCKER_HOST) {
    throw new SetupError(
      `No Docker daemon answers at DOCKER_HOST=${process.env.DOCKER_HOST} (${answer}).`,
    )
  }
  if (answer === 'EACCES') {
    const hint = 'sudo usermod -aG docker "$USER"   # then log in again'
    throw new SetupError(
      `You may not use the Docker daemon at ${defaultSocket}. Allow it with:`,
      hint,
    )
  }
  if (findProgram('dockerd') === undefined) {
    if (!canUseApt()) {
      throw new SetupError('Docker is not installed. Install it with:', installCommand('docker'))
    }
    await aptInstall(['docker.io', ...(isAppArmorOn() ? ['apparmor'] : [])])
  }
  await startDocker()
}

/** 'ok' when the daemon answers, else the reason in a word: an error code or an HTTP status. */
export function ping(host = process.env.DOCKER_HOST) {
  const url = new URL(host || `unix://${defaultSocket}`)
  // ssh and TLS are the docker client's business; the tests that use them bring their own daemons.
  if (!['unix:', 'tcp:', 'http:'].includes(url.protocol)) return Promise.resolve('ok')
  const target =
    url.protocol === 'unix:'
      ? { socketPath: url.pathname }
      : { host: url.hostname, port: url.port || 2375 }
  return new Promise((resolve) => {
    const call = request({ ...target, path: '/_ping', timeout: 3000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? 'ok' : `status ${response.statusCode}`)
    })
    call.on('timeout', () => call.destroy(Object.assign(new Error(), { code: 'no answer' })))
    call.on('error', (error) => resolve(error.code ?? error.message))
    call.end()
  })
}

// A kernel with AppArmor makes dockerd load a profile with apparmor_parser, or refuse containers.
function isAppArmorOn() {
  const path = '/sys/module/apparmor/parameters/enabled'
  return existsSync(path) && readFileSync(path, 'utf8').startsWith('Y')
}

async function startDocker() {
  if (process.platform !== 'linux') {
    throw new SetupError('Docker does not run. Start it with:', 'open -a Docker')
  }
  if (isSystemdRunning()) {
    if (!isRoot()) {
      throw new SetupError('Docker does not run. Start it with:', 'sudo systemctl start docker')
    }
    say('docker: starting its service')
    const { code, output } = await run('systemctl', ['start', 'docker'])
    if (code !== 0) throw new SetupError(`systemctl start docker failed:\n${output}`)
    return waitForDocker(() => true, 'journalctl -u docker')
  }
  if (!isRoot()) throw new SetupError('Docker does not run. Start it with:', 'sudo dockerd')
  await ensureCgroups()
  removeStalePidFiles()
  say(`docker: starting dockerd, log in ${logFile}`)
  const log = openSync(logFile, 'a')
  const child = spawn(findProgram('dockerd'), [], { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.unref()
  let isRunning = true
  child.once('exit', () => (isRunning = false))
  await waitForDocker(() => isRunning, `tail ${logFile}`)
}

// After a kill -9 or a reboot these files stay where /run is not emptied. dockerd takes whatever has
// that pid by now for its predecessor or for its containerd, and does not start.
function removeStalePidFiles() {
  const files = {
    '/run/docker.pid': 'dockerd',
    '/run/docker/containerd/containerd.pid': 'containerd',
  }
  for (const [file, program] of Object.entries(files)) {
    if (!existsSync(file)) continue
    const comm = `/proc/${readFileSync(file, 'utf8').trim()}/comm`
    if (!existsSync(comm) || readFileSync(comm, 'utf8').trim() !== program) rmSync(file)
  }
}

async function waitForDocker(isRunning, whereToLook) {
  const deadlineMs = Date.now() + startTimeoutMs
  let answer = await ping()
  while (answer !== 'ok') {
    if (!isRunning() || Date.now() > deadlineMs) {
      const what = isRunning()
        ? `does not answer after ${startTimeoutMs / 1000} s (${answer})`
        : 'ended'
      throw new SetupError(`The Docker daemon ${what}. See why with:`, whereToLook)
    }
    await sleep(100)
    answer = await ping()
  }
  say('docker: the daemon answers')
}
