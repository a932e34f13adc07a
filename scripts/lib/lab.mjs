import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { aptInstall, ensurePackageLists, hasCandidate } from './apt.mjs'
import { ensureComposes } from './compose.mjs'
import { ensureConsul } from './consul.mjs'
import { canUseApt, installCommand, isRoot } from './platform.mjs'
import { SetupError } from './progress.mjs'
import { findProgram } from './run.mjs'

// What several Docker hosts on one machine are made of. Of several programs any one will do, of
// several packages the first that there is: later Debians have the client in a package of its own.
const parts = [
  { programs: ['bash'], packages: ['bash'] },
  { programs: ['ip'], packages: ['iproute2'] },
  { programs: ['iptables-restore'], packages: ['iptables'] },
  { programs: ['nsenter'], packages: ['util-linux'] },
  { programs: ['unshare'], packages: ['util-linux'] },
  { programs: ['hostname'], packages: ['hostname'] },
  { programs: ['docker'], packages: ['docker-cli', 'docker.io'] },
  { programs: ['dockerd'], packages: ['docker.io'] },
  { programs: ['docker-proxy'], packages: ['docker.io'] },
  { programs: ['containerd'], packages: ['containerd'] },
  { programs: ['docker-init', 'tini', 'tini-static'], packages: ['tini'] },
]

// What runs on the hosts in the tests.
const guests = [
  { programs: ['curl'], packages: ['curl'] },
  { programs: ['keepalived'], packages: ['keepalived'] },
]

const missing = (wanted) =>
  wanted.filter(({ programs }) => programs.every((name) => findProgram(name) === undefined))

/**
 * Brings all that the lab and its tests need beside Docker's daemon: by apt where that needs nobody's
 * consent. Throws SetupError with the command that installs it otherwise, and where no lab can be for
 * another reason. Starts no service.
 */
export async function ensureLab() {
  const wanted = missing([...parts, ...guests])
  if (wanted.length > 0) await bring(wanted)
  const reason = whyNoLab()
  if (reason !== undefined)
    throw new SetupError(`Several hosts on one machine cannot be: ${reason}.`)
  await ensureConsul()
  await ensureComposes()
}

async function bring(wanted) {
  const names = wanted.map(({ programs }) => programs[0]).join(', ')
  if (!canUseApt()) {
    const packages = [...new Set(wanted.map(({ packages }) => packages.at(-1)))].join(' ')
    throw new SetupError(`Not found: ${names}. Install with:`, installCommand(packages))
  }
  await ensurePackageLists()
  const found = []
  for (const { packages } of wanted) {
    const known = await Promise.all(packages.map(hasCandidate))
    found.push(packages[known.indexOf(true)] ?? packages.at(-1))
  }
  await aptInstall([...new Set(found)])
  const still = missing(wanted)
  if (still.length === 0) return
  const without = still.map(({ programs }) => programs[0]).join(', ')
  throw new SetupError(`${found.join(', ')} were installed, but there is no ${without}.`)
}

/** Why the lab cannot be on this machine, in a sentence; undefined where it can. */
export function whyNoLab() {
  if (process.platform !== 'linux')
    return `hosts are Linux namespaces, and this is ${process.platform}`
  if (!isRoot()) return 'only root may make namespaces'
  const without = missing(parts).map(({ programs }) => programs[0])
  if (without.length > 0) return `${without.join(', ')} not found; node scripts/setup.mjs --lab`
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n')) {
    return 'the kernel has no overlay file system'
  }
  const cgroups = '/sys/fs/cgroup'
  const needed = [`${cgroups}/cgroup.controllers`, `${cgroups}/memory`]
  if (!needed.some((path) => existsSync(path))) return 'no control groups are mounted'
  if (!existsSync(needed[0]) && !existsSync(`${cgroups}/freezer`)) {
    return 'the control group freezer is not mounted'
  }
  const tried = spawnSync('unshare', ['-m', '-u', '-n', '-p', '--fork', '--mount-proc', 'true'])
  if (tried.status === 0) return undefined
  return `namespaces are not allowed here: ${String(tried.stderr).trim()}`
}
