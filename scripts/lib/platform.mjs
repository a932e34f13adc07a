import { existsSync, readFileSync } from 'node:fs'
import { findProgram } from './run.mjs'

/** True for the superuser; false on Windows, where there is no such user. */
export const isRoot = () => process.getuid?.() === 0

/** True where packages can be installed without asking anybody: Debian or Ubuntu, as root. */
export const canUseApt = () => isDebianLike() && isRoot() && findProgram('apt-get') !== undefined

/** True where systemd is the init that runs; sd_booted(3) asks the same question. */
export const isSystemdRunning = () => existsSync('/run/systemd/system')

function isDebianLike() {
  if (process.platform !== 'linux' || !existsSync('/etc/os-release')) return false
  const release = readFileSync('/etc/os-release', 'utf8')
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release)
}

// Package managers in the order they are looked for; `names` where a package is called otherwise.
const installers = [
  {
    program: 'apt-get',
    command: 'apt-get install -y --no-install-recommends',
    names: { docker: 'docker.io' },
  },
  { program: 'dnf', command: 'dnf install -y', names: { docker: 'moby-engine' } },
  { program: 'apk', command: 'apk add', names: {} },
  { program: 'pacman', command: 'pacman -S --needed', names: { 'busybox-static': 'busybox' } },
  { program: 'zypper', command: 'zypper install -y', names: {} },
  { program: 'brew', command: 'brew install', names: { consul: 'hashicorp/tap/consul' } },
]

/** The exact command that installs `name` here; a sentence where no package manager is known. */
export function installCommand(name) {
  if (process.platform === 'darwin' && name === 'docker') {
    return 'brew install --cask docker && open -a Docker'
  }
  const found = installers.find(({ program }) => findProgram(program) !== undefined)
  if (found === undefined) return `Install ${name} with your system's package manager.`
  const sudo = found.program === 'brew' || isRoot() ? '' : 'sudo '
  return `${sudo}${found.command} ${found.names[name] ?? name}`
}
