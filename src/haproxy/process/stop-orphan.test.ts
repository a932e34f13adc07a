import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { showProcesses } from '../runtime/master.ts'
import { writeRunRecord } from './run-record.ts'
import { startTicksOf } from '../../support/process-identity.ts'
import { stopOrphan } from './stop-orphan.ts'
import type { OrphanPaths } from './stop-orphan.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-orphan-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const record = (): string => join(folder, 'running.json')
const paths = (): OrphanPaths => ({ record: record(), masterSocket: join(folder, 'master.sock') })

/** A process of which `script` says how it takes the signals; ready once it has said a line. */
async function start(script: string): Promise<{ pid: number; ended: Promise<unknown[]> }> {
  const child = spawn('sh', ['-c', `${script}; echo; while :; do read x; done`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return { pid: child.pid ?? 0, ended }
}

it('ends the recorded process with the gentle signal', async () => {
  const { pid, ended } = await start('true')
  await writeRunRecord(record(), {
    masterPid: pid,
    masterStartTicks: startTicksOf(pid) ?? 0,
    workerPid: 0,
  })
  expect(await stopOrphan(paths(), 20_000)).toBe(true)
  expect(await ended).toEqual([null, 'SIGUSR1'])
})

it('ends one that does not obey with a harder signal', async () => {
  const { pid, ended } = await start("trap '' USR1")
  await writeRunRecord(record(), {
    masterPid: pid,
    masterStartTicks: startTicksOf(pid) ?? 0,
    workerPid: 0,
  })
  expect(await stopOrphan(paths(), 50)).toBe(true)
  expect(await ended).toEqual([null, 'SIGTERM'])
})

it('leaves a later process alone that has the same pid, and one without a record', async () => {
  expect(await stopOrphan(paths(), 1000)).toBe(false)
  const ticks = startTicksOf(process.pid) ?? 0
  await writeRunRecord(record(), {
    masterPid: process.pid,
    masterStartTicks: ticks - 1,
    workerPid: 0,
  })
  expect(await stopOrphan(paths(), 1000)).toBe(false)
})

it('finds a HAProxy by its master socket when no record was written yet', async () => {
  const config = join(folder, 'haproxy.cfg')
  await writeFile(config, 'defaults\n timeout client 1s\nfrontend f\n bind unix@f.sock\n')
  const { masterSocket } = paths()
  const options = ['-W', '-S', masterSocket, '-f', config]
  const child = spawn('haproxy', options, { cwd: folder, stdio: 'ignore' })
  const ended = once(child, 'exit')
  await showProcesses(masterSocket, { patienceMs: 30_000 })
  expect(await stopOrphan(paths(), 20_000)).toBe(true)
  await ended
  expect(startTicksOf(child.pid ?? 0)).toBeUndefined()
})
