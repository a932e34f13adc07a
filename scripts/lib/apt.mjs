import { existsSync, readdirSync } from 'node:fs'
import { say, SetupError } from './progress.mjs'
import { isSystemdRunning } from './platform.mjs'
import { exitIfInterrupted, run } from './run.mjs'
import { holdServices } from './service-guard.mjs'

const listsFolder = '/var/lib/apt/lists'
const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }
// Another apt-get, such as unattended-upgrades after boot, is waited for.
const options = ['-o', 'DPkg::Lock::Timeout=180', '-y', '--no-install-recommends']

/**
 * Installs Debian packages, by name or by the absolute path of a .deb file, without starting their
 * services. Needs root.
 *
 * Package lists are fetched when there are none, or when the install fails with the ones there are.
 * Throws SetupError with the end of apt-get's own output.
 */
export async function aptInstall(packages) {
  const release = holdServices()
  try {
    await ensurePackageLists()
    const install = ['install', ...options, ...packages]
    const text = `apt: installing ${packages.join(' ')}`
    if (!(await tryAptGet(install, text)).isDone) {
      await aptGet(['update'], 'apt: fetching package lists and trying again')
      await aptGet(install, text)
    }
  } finally {
    release()
  }
  for (const name of ['haproxy', 'keepalived'].filter((each) => packages.includes(each))) {
    // Held back now, the service would still start at the next boot.
    if (isSystemdRunning()) await run('systemctl', ['disable', '--quiet', `${name}.service`])
  }
}

/** Fetches the package lists where there are none yet. Needs root. */
export async function ensurePackageLists() {
  if (!hasPackageLists()) await aptGet(['update'], 'apt: fetching package lists')
}

/** Whether the machine's own package sources have a package; the lists are there already. */
export async function hasCandidate(name) {
  const { output } = await run('apt-cache', ['madison', name], { env: process.env })
  return output.includes(` ${name} | `)
}

function hasPackageLists() {
  return existsSync(listsFolder) && readdirSync(listsFolder).some((f) => f.includes('_Packages'))
}

/** Runs apt-get with the arguments, in `cwd` where one is given; throws SetupError as aptInstall. */
export async function aptGet(args, text, cwd) {
  const { isDone, output } = await tryAptGet(args, text, cwd)
  if (isDone) return
  const end = output.trimEnd().split('\n').slice(-15).join('\n  ')
  throw new SetupError(`apt-get ${args.join(' ')} failed:\n  ${end}`)
}

async function tryAptGet(args, text, cwd) {
  say(text)
  const result = await run('apt-get', args, { env: environment, cwd })
  exitIfInterrupted(result)
  return { isDone: result.code === 0, output: result.output }
}
