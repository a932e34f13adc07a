import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../../support/atomic-file.ts'
import { startTicksOf } from '../../support/process-identity.ts'

/** Which HAProxy fairlead runs, kept in the state folder so that the next fairlead finds it again. */
export type RunRecord = {
  readonly masterPid: number
  /** Its start time in clock ticks since boot: tells it from a later process with the same pid. */
  readonly masterStartTicks: number
  /** The worker that runs the text on disk; 0: not known which text the worker runs. */
  readonly workerPid: number
}

/** The record; undefined where there is none or it is not whole. */
export async function readRunRecord(path: string): Promise<RunRecord | undefined> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // No file, or torn by a crash of the machine: HAProxy's master socket is asked instead.
    return undefined
  }
  return isRunRecord(value) ? value : undefined
}

/** Throws StateWriteError. */
export async function writeRunRecord(path: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record)}\n`)
}

function isRunRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Partial<Record<keyof RunRecord, unknown>>
  return [record.masterPid, record.masterStartTicks, record.workerPid].every((part) =>
    Number.isInteger(part),
  )
}

/** Whether the very process that was seen before is still there. */
export function isSameProcess(pid: number, ticks: number | undefined): boolean {
  return ticks !== undefined && startTicksOf(pid) === ticks
}
