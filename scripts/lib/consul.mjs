import { aptInstall, ensurePackageLists, hasCandidate } from './apt.mjs'
import { withReleases } from './other-release.mjs'
import { canUseApt, installCommand, isRoot } from './platform.mjs'
import { SetupError } from './progress.mjs'
import { findProgram } from './run.mjs'

// The last Debian release that has a consul package. Later ones have its dependencies.
const lastRelease = 'bullseye'

/**
 * Makes the consul program available, for the tests. Any version on PATH will do.
 *
 * Where apt can be used without asking, it is installed: from the machine's own package sources if
 * they have it, else on Debian this one package of the last release that had it. No service is
 * started. Everything else ends in a SetupError with the command to give.
 */
export async function ensureConsul() {
  if (findProgram('consul') !== undefined) return
  if (!canUseApt()) throw new SetupError('consul is not installed. Install it with:', command())
  await ensurePackageLists()
  if (await hasCandidate('consul')) await aptInstall(['consul'])
  else await installFromLastRelease('consul')
  if (findProgram('consul') === undefined) {
    throw new SetupError('The package consul was installed, but there is no program consul.')
  }
}

function command() {
  if (findProgram('apt-get') === undefined) return installCommand('consul')
  return `${isRoot() ? '' : 'sudo '}node scripts/setup.mjs --consul`
}

// Installs one package of the older release, and what it depends on from the running one.
async function installFromLastRelease(name) {
  const download = async (apt) => {
    await aptInstall(await apt.download([name], `apt: downloading ${name}`))
  }
  await withReleases([lastRelease], download, `Put the program ${name} on PATH.`)
}
