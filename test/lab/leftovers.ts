import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { takeLock } from '../../src/support/lock-file.ts'
import { startTicksOf } from '../../src/support/process-identity.ts'
import { foldersOf, processesOfLab, removeCgroups, thawAll } from './cgroups.ts'
import { linksOf, namespacesOf, removeNetwork } from './network.ts'
import { addressRange, slots, type Place } from './place.ts'

const folderName = /^fairlead-lab-(\d+)$/
/** Half made by a process that was killed meanwhile, or half deleted. */
const halfFolderName = /^fairlead-lab-\d+\.(new|old)-\w+$/
const removeTimeoutMs = 30_000

/** What a lab's folder says of it. */
type LabRecord = { readonly prefix: string; readonly pid: number; readonly startTicks: number }

/**
 * Removes what labs of dead processes left on this machine, and gives a place that no living lab has,
 * this process's own from now on.
 */
export async function claimPlace(): Promise<Place> {
  const release = await waitForLock(join(tmpdir(), 'fairlead-labs.lock'))
  try {
    removeHalfFolders()
    const living: Place[] = []
    for (const { place, record } of recordedLabs()) {
      if (startTicksOf(record.pid) === record.startTicks) living.push(place)
      else await removePlace(place)
    }
    return makePlace(living)
  } finally {
    await release()
  }
}

/**
 * Ends every process of a lab and removes its namespaces, links, control groups and folder. Throws
 * with what is left when it does not all go.
 */
export async function removePlace(place: Place): Promise<void> {
  const endsAtMs = performance.now() + removeTimeoutMs
  thawAll(place)
  // The kernel takes a host's processes and mounts with its PID 1, which is among these.
  while (endProcesses(place) > 0 && performance.now() < endsAtMs) await sleep(10)
  await removeNetwork(place)
  removeCgroups(place)
  while (foldersOf(place).length > 0 && performance.now() < endsAtMs) {
    await sleep(10)
    removeCgroups(place)
  }
  const left = leftOf(place)
  if (left.length > 0) throw new Error(`the lab ${place.prefix} left behind: ${left.join(', ')}`)
  removeFolder(place)
}

// Under another name first: the next lab may have the old one before all is deleted.
function removeFolder({ folder, prefix }: Place): void {
  const old = `${folder}.old-${prefix}`
  if (existsSync(folder)) renameSync(folder, old)
  rmSync(old, { recursive: true, force: true, maxRetries: 5 })
}

/** What there is of a lab, folder aside. */
export function leftOf(place: Place): readonly string[] {
  return [
    ...processesOfLab(place).map((pid) => `process ${pid}`),
    ...namespacesOf(place).map((name) => `network namespace ${name}`),
    ...linksOf(place).map((name) => `link ${name}`),
    ...foldersOf(place).map((folder) => `control group ${folder}`),
    ...mountsOf(place).map((mount) => `mount ${mount}`),
  ]
}

function mountsOf({ folder, prefix }: Place): readonly string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const points = mounts.flatMap((line) => line.split(' ')[1] ?? [])
  return points.filter((point) => point.startsWith(`${folder}/`) || point.includes(`/${prefix}-`))
}

function endProcesses(place: Place): number {
  const pids = processesOfLab(place)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  return pids.length
}

// Called with the lock held, so none is being made.
function removeHalfFolders(): void {
  for (const name of readdirSync(tmpdir()).filter((each) => halfFolderName.test(each))) {
    rmSync(join(tmpdir(), name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function recordedLabs(): readonly { readonly place: Place; readonly record: LabRecord }[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const slot = folderName.exec(name)?.[1]
    if (slot === undefined) return []
    const folder = join(tmpdir(), name)
    // Renamed to this name with the record in it; without one it is not a lab's.
    if (!existsSync(recordFile(folder))) return []
    const record = JSON.parse(readFileSync(recordFile(folder), 'utf8')) as LabRecord
    return [{ place: { prefix: record.prefix, slot: Number(slot), folder }, record }]
  })
}

function makePlace(living: readonly Place[]): Place {
  const taken = new Set(living.map(({ slot }) => slot))
  const routes = routedRanges()
  const isFree = (slot: number): boolean => {
    const [first, last] = addressRange(slot)
    return !taken.has(slot) && routes.every(([from, to]) => to < first || from > last)
  }
  const slot = Array.from({ length: slots }, (_, index) => index).find(isFree)
  if (slot === undefined) throw new Error(`no free addresses for a lab: ${living.length} labs run`)
  const folder = join(tmpdir(), `fairlead-lab-${slot}`)
  const place = { prefix: `fl${randomBytes(2).toString('hex')}`, slot, folder }
  const record: LabRecord = {
    prefix: place.prefix,
    pid: process.pid,
    startTicks: startTicksOf(process.pid) ?? 0,
  }
  const fresh = `${folder}.new-${place.prefix}`
  mkdirSync(fresh, { mode: 0o711 })
  writeFileSync(recordFile(fresh), JSON.stringify(record))
  renameSync(fresh, folder)
  return place
}

const recordFile = (folder: string): string => join(folder, 'lab.json')

/**
 * Address ranges that this machine has routes for (proc(5), /proc/net/route: little-endian words).
 * Routes as wide as 10.0.0.0/8 do not count: a lab's own are narrower and win.
 */
function routedRanges(): readonly (readonly [number, number])[] {
  const rows = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1)
  return rows.flatMap((row) => {
    const fields = row.split('\t')
    const [first, mask] = [word(fields[1]), word(fields[7])]
    return mask <= 0xff00_0000 ? [] : [[first, first + (0xffff_ffff - mask)] as const]
  })
}

const word = (hex = '0'): number => Buffer.from(hex, 'hex').readUInt32LE()

/** The lock is held for as long as the removal of a dead lab takes. */
async function waitForLock(path: string): Promise<() => Promise<void>> {
  const endsAtMs = performance.now() + 2 * removeTimeoutMs
  for (;;) {
    try {
      return await takeLock(path)
    } catch (error) {
      if (!isHeld(error) || performance.now() > endsAtMs) throw error
    }
    await sleep(20)
  }
}

const isHeld = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'already_running'
