import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostNamespace, type Place } from './place.ts'
import { until } from './until.ts'

const mount = '/sys/fs/cgroup'

// Of the first layout (cgroups(7)) a folder each. Docker wants all that there are to have the parent
// that it is given; the lab itself freezes, counts memory, and finds processes by them.
const controllers = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids']

/** Whether control groups have the unified layout, version 2; else a hierarchy each controller. */
const isUnified = (): boolean => existsSync(join(mount, 'cgroup.controllers'))

/** Docker's `--cgroup-parent` for a host. */
export const cgroupParent = (place: Place, number: number): string =>
  isUnified() ? `/${hostNamespace(place, number)}/containers` : `/${hostNamespace(place, number)}`

/** Flags that a dockerd needs beside it: with version 2 it would ask systemd by default. */
export const cgroupFlags = (): readonly string[] =>
  isUnified() ? ['--exec-opt', 'native.cgroupdriver=cgroupfs'] : []

/** Makes a host's control groups; those that are there stay. */
export function makeCgroups(place: Place, number: number): void {
  for (const folder of hostFolders(place, number)) mkdirSync(folder, { recursive: true })
  if (isUnified()) return makeUnified(place, number)
  const cpuset = join(mount, 'cpuset')
  // Empty at first, and then no process may enter.
  for (const file of existsSync(cpuset) ? ['cpuset.cpus', 'cpuset.mems'] : []) {
    writeFileSync(
      join(cpuset, hostNamespace(place, number), file),
      readFileSync(join(cpuset, file)),
    )
  }
}

// A group with groups below that have controllers may hold no processes itself (cgroups(7), "no
// internal processes"): those of the host are in a leaf beside that of the containers.
function makeUnified(place: Place, number: number): void {
  const [folder = ''] = hostFolders(place, number)
  const wanted = ['cpu', 'cpuset', 'io', 'memory', 'pids']
  const offered = readFileSync(join(mount, 'cgroup.controllers'), 'utf8').trim().split(' ')
  const enabled = wanted.filter((name) => offered.includes(name)).map((name) => `+${name}`)
  for (const group of [mount, folder]) {
    writeFileSync(join(group, 'cgroup.subtree_control'), enabled.join(' '))
  }
  for (const leaf of ['host', 'containers']) mkdirSync(join(folder, leaf), { recursive: true })
}

/** Files that a process writes its pid to, to be one of the host. */
export const entrances = (place: Place, number: number): readonly string[] =>
  hostFolders(place, number).map((folder) =>
    join(folder, isUnified() ? 'host' : '', 'cgroup.procs'),
  )

/**
 * Stops or continues every process of a host; its sockets stay open meanwhile. Resolves once it is so:
 * where processors are short, some run on for a while after the kernel was asked.
 */
export async function setFrozen(place: Place, number: number, isFrozen: boolean): Promise<void> {
  const name = hostNamespace(place, number)
  const what = `host ${number} is ${isFrozen ? 'frozen' : 'thawed'}`
  if (isUnified()) {
    const [asked, folder] = [isFrozen ? '1' : '0', join(mount, name)]
    writeFileSync(join(folder, 'cgroup.freeze'), asked)
    const line = `frozen ${asked}\n`
    return until(what, () => readFileSync(join(folder, 'cgroup.events'), 'utf8').includes(line))
  }
  const [asked, file] = [
    isFrozen ? 'FROZEN' : 'THAWED',
    join(mount, 'freezer', name, 'freezer.state'),
  ]
  writeFileSync(file, asked)
  return until(what, () => readFileSync(file, 'utf8').trim() === asked)
}

/**
 * Gives a process eight times a single one's share of the host's processor time, as `cpu_shares: 8192`
 * gives a container; its children too. What is idle takes nothing from the others.
 */
export function prefer(place: Place, number: number, pid: number): void {
  const name = hostNamespace(place, number)
  const folder = join(mount, isUnified() ? '' : 'cpu', name, `preferred-${pid}`)
  mkdirSync(folder, { recursive: true })
  // 100 is to version 2 what 1024 is to the first.
  if (isUnified()) writeFileSync(join(folder, 'cpu.weight'), '800')
  else writeFileSync(join(folder, 'cpu.shares'), '8192')
  writeFileSync(join(folder, 'cgroup.procs'), String(pid))
}

/** Anonymous memory of all processes of a host, its containers included. */
export function memoryBytes(place: Place, number: number): number {
  const name = hostNamespace(place, number)
  const folder = isUnified() ? join(mount, name) : join(mount, 'memory', name)
  const text = readFileSync(join(folder, 'memory.stat'), 'utf8')
  return Number(new RegExp(`^${isUnified() ? 'anon' : 'total_rss'} (\\d+)$`, 'm').exec(text)?.[1])
}

/** Pids, in the root namespace, of all processes of a host, its containers included. */
export function processesOfHost(place: Place, number: number): readonly number[] {
  return processesIn(hostFolders(place, number))
}

/** The same of a whole lab. */
export const processesOfLab = (place: Place): readonly number[] => processesIn(foldersOf(place))

/** Wakes what is frozen: a frozen process does not even die. */
export function thawAll(place: Place): void {
  for (const folder of foldersOf(place)) {
    const files = { 'freezer.state': 'THAWED', 'cgroup.freeze': '0' }
    for (const [file, state] of Object.entries(files)) {
      if (existsSync(join(folder, file))) writeFileSync(join(folder, file), state)
    }
  }
}

/** Removes a lab's control groups; those with processes in them stay, see `foldersOf`. */
export function removeCgroups(place: Place): void {
  for (const folder of foldersOf(place)) removeTree(folder)
}

/** Folders of a lab's hosts in every hierarchy; Docker makes some that the lab did not. */
export function foldersOf({ prefix }: Place): readonly string[] {
  const hierarchies = isUnified() ? [mount] : readdirSync(mount).map((name) => join(mount, name))
  return hierarchies.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(`${prefix}-`))
      .map((name) => join(folder, name)),
  )
}

function hostFolders(place: Place, number: number): readonly string[] {
  const name = hostNamespace(place, number)
  if (isUnified()) return [join(mount, name)]
  const present = controllers.filter((controller) => existsSync(join(mount, controller)))
  return present.map((controller) => join(mount, controller, name))
}

function processesIn(folders: readonly string[]): readonly number[] {
  const pids = folders.flatMap((folder) => [...treeOf(folder)]).flatMap(pidsIn)
  return [...new Set(pids)]
}

function pidsIn(folder: string): readonly number[] {
  const text = orGone(() => readFileSync(join(folder, 'cgroup.procs'), 'utf8'), '')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]))
}

/** A folder and all below it, the deepest first. */
function treeOf(folder: string): readonly string[] {
  const entries = orGone(() => readdirSync(folder, { withFileTypes: true }), [])
  const below = entries.filter((entry) => entry.isDirectory())
  return [...below.flatMap(({ name }) => treeOf(join(folder, name))), folder]
}

function removeTree(folder: string): void {
  for (const each of treeOf(folder)) {
    try {
      rmdirSync(each)
    } catch (error) {
      // Busy: something in it still ends, and whoever removes looks again.
      if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(codeOf(error))) throw error
    }
  }
}

function orGone<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(codeOf(error))) return otherwise
    throw error
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''
