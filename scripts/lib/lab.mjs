import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { isRoot } from './platform.mjs'
import { findProgram } from './run.mjs'

// What several Docker hosts on one machine are made of, and the Debian package of each; of several
// programs any one will do.
const parts = [
  { programs: ['bash'], debianPackage: 'bash' },
  { programs: ['ip'], debianPackage: 'iproute2' },
  { programs: ['iptables-restore'], debianPackage: 'iptables' },
  { programs: ['nsenter'], debianPackage: 'util-linux' },
  { programs: ['unshare'], debianPackage: 'util-linux' },
  { programs: ['docker'], debianPackage: 'docker.io' },
  { programs: ['dockerd'], debianPackage: 'docker.io' },
  { programs: ['docker-proxy'], debianPackage: 'docker.io' },
  { programs: ['containerd'], debianPackage: 'containerd' },
  { programs: ['docker-init', 'tini', 'tini-static'], debianPackage: 'tini' },
]

/** The parts that this machine has not. */
export const missingParts = () =>
  parts.filter(({ programs }) => programs.every((name) => findProgram(name) === undefined))

/** Why the lab cannot be on this machine, in a sentence; undefined where it can. */
export function whyNoLab() {
  if (process.platform !== 'linux')
    return `hosts are Linux namespaces, and this is ${process.platform}`
  if (!isRoot()) return 'only root may make namespaces'
  const missing = missingParts().map(({ programs }) => programs[0])
  if (missing.length > 0) return `${missing.join(', ')} not found; node scripts/setup.mjs --lab`
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
