import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptGet, aptInstall, ensurePackageLists } from './apt.mjs'
import { canUseApt, installCommand, isRoot } from './platform.mjs'
import { SetupError } from './progress.mjs'
import { findProgram, run } from './run.mjs'

// The last Debian release that has a consul package. Later ones have its dependencies.
const lastRelease = 'bullseye'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

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

async function hasCandidate(name) {
  const { output } = await run('apt-cache', ['madison', name], { env: process.env })
  return output.includes(` ${name} | `)
}

/**
 * Installs one package of the older release, and what it depends on from the running one.
 *
 * apt reads the older release's list from a folder of this run alone: the machine's own sources,
 * lists and pins are neither changed nor asked, so nothing else can come from that release, and
 * nothing stays behind when this process is ended in the middle.
 */
async function installFromLastRelease(name) {
  const site = await debianSite()
  if (site === undefined) {
    throw new SetupError(
      `${name} is in none of this machine's package sources, and none of them is Debian's own.`,
      `Put the program ${name} on PATH.`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-apt-'))
  try {
    const options = isolated(folder, site)
    await aptGet([...options, 'update'], `apt: fetching the package list of ${lastRelease}`)
    await aptGet([...options, 'download', name], `apt: downloading ${name}`, folder)
    const file = readdirSync(folder).find((entry) => entry.endsWith('.deb'))
    if (file === undefined) throw new SetupError(`apt-get downloaded no ${name}.`)
    await aptInstall([join(folder, file)])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** apt's options for a source list, package lists and a cache inside the folder; apt.conf(5). */
function isolated(folder, site) {
  const sources = join(folder, 'older.list')
  writeFileSync(sources, `deb [signed-by=${keyring}] ${site} ${lastRelease} main\n`)
  for (const name of ['lists', 'cache']) mkdirSync(join(folder, name))
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    // The folder is root's alone, so apt's download user could not write there.
    'APT::Sandbox::User': 'root',
  }
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
}

async function debianSite() {
  const format = '$(ORIGIN)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(SITE)'
  const args = ['indextargets', '--format', format, 'Created-By: Packages']
  const { output } = await run('apt-get', args, { env: process.env })
  const release = readFileSync('/etc/os-release', 'utf8')
  const codename = /^VERSION_CODENAME="?([\w-]+)/m.exec(release)?.[1]
  return siteOf(output, codename)
}

/**
 * Where this machine gets Debian's packages from, out of what `apt-get indextargets` says; undefined
 * where none of its sources is Debian's own with the running release.
 *
 * @param {string} targets one line each: origin, suite as in the sources, codename, component, site
 * @param {string | undefined} codename of the running release
 */
export function siteOf(targets, codename) {
  const lines = targets.split('\n').map((line) => line.trim().split('|'))
  const found = lines.find(
    ([origin, suite, name, component]) =>
      origin === 'Debian' && component === 'main' && [suite, name].includes(codename),
  )
  return found?.[4]
}
