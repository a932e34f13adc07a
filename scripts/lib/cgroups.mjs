import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { say, SetupError } from './progress.mjs'
import { run } from './run.mjs'

const folder = '/sys/fs/cgroup'

/**
 * Mounts the kernel's control groups where no init has done so; dockerd needs them.
 *
 * The old layout (one folder a controller) where the kernel offers controllers for it, as Debian's
 * cgroupfs-mount does, else the unified one. Does nothing when anything is mounted already.
 */
export async function ensureCgroups() {
  const isMounted = readFileSync('/proc/mounts', 'utf8').includes(` ${folder}`)
  if (isMounted || !existsSync(folder)) return
  say('docker: mounting control groups')
  const controllers = legacyControllers()
  if (controllers.length === 0) return mount('cgroup2', folder, [])
  await mount('tmpfs', folder, ['-o', 'uid=0,gid=0,mode=0755'])
  for (const name of controllers) {
    mkdirSync(`${folder}/${name}`, { recursive: true })
    await mount('cgroup', `${folder}/${name}`, ['-o', name])
  }
}

// proc_cgroups: name, hierarchy, number of cgroups, enabled.
function legacyControllers() {
  if (!existsSync('/proc/cgroups')) return []
  const rows = readFileSync('/proc/cgroups', 'utf8').split('\n').slice(1)
  return rows.map((row) => row.split('\t')).flatMap(([name, , , on]) => (on === '1' ? [name] : []))
}

async function mount(type, target, options) {
  const { code, output } = await run('mount', ['-t', type, ...options, type, target])
  if (code !== 0) throw new SetupError(`mounting ${target} failed: ${output.trim()}`)
}
