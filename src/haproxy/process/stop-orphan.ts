import { isAway } from '../runtime/errors.ts'
import { showProcesses } from '../runtime/master.ts'
import { endGracefully } from './end.ts'
import type { Processes } from './end.ts'
import { isSameProcess, readRunRecord } from './run-record.ts'
import { startTicksOf } from '../../support/process-identity.ts'

/** Where a HAProxy that runs has left its traces, in the state folder. */
export type OrphanPaths = { readonly record: string; readonly masterSocket: string }

/**
 * Ends a HAProxy that outlived its fairlead: gracefully, after `graceMs` by force. False when there
 * is none. Only for when no daemon runs: that one would start HAProxy again.
 */
export async function stopOrphan(paths: OrphanPaths, graceMs: number): Promise<boolean> {
  const orphan = (await byRecord(paths)) ?? (await bySocket(paths))
  if (orphan === undefined) return false
  await endGracefully(orphan, graceMs)
  return true
}

async function byRecord({ record: path }: OrphanPaths): Promise<Processes | undefined> {
  const record = await readRunRecord(path)
  if (record === undefined) return undefined
  const { masterPid, masterStartTicks: masterTicks, workerPid } = record
  if (!isSameProcess(masterPid, masterTicks)) return undefined
  return { masterPid, masterTicks, workerPid, workerTicks: startTicksOf(workerPid) }
}

/** A fairlead that was killed right after it started HAProxy has not come to write the record. */
async function bySocket({ masterSocket }: OrphanPaths): Promise<Processes | undefined> {
  try {
    const { masterPid, workers } = await showProcesses(masterSocket, { patienceMs: 0 })
    const masterTicks = startTicksOf(masterPid)
    if (masterTicks === undefined) return undefined
    const workerPid = workers[0] ?? 0
    return { masterPid, masterTicks, workerPid, workerTicks: startTicksOf(workerPid) }
  } catch (error) {
    if (isAway(error)) return undefined
    throw error
  }
}
