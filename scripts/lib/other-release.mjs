import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptGet, ensurePackageLists } from './apt.mjs'
import { isRoot } from './platform.mjs'
import { SetupError } from './progress.mjs'
import { run } from './run.mjs'
import { temporaryFolder } from './temporary-folder.mjs'

export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Calls `work` with an apt of its own that knows the main section of these Debian releases and
 * nothing else; gives what `work` gives.
 *
 * It reads from the machine's own Debian site, verified by the machine's own keyring, into a folder
 * of this run alone: the machine's sources, lists, pins and installed packages are neither changed
 * nor asked, and the folder is taken away at the end. Root is not needed. Throws SetupError.
 *
 * @template Result
 * @param {readonly string[]} releases
 * @param {(apt: OtherReleases) => Promise<Result>} work
 * @param {string} hint what else helps, for a machine without a Debian site
 * @returns {Promise<Result>}
 */
export async function withReleases(releases, work, hint = '') {
  if (isRoot()) await ensurePackageLists()
  const site = await debianSite()
  if (site === undefined) {
    throw new SetupError("None of this machine's package sources is Debian's own.", hint)
  }
  const folder = temporaryFolder(join(tmpdir(), 'fairlead-apt-'))
  try {
    const apt = new OtherReleases(folder.path, await isolated(folder.path, site, releases))
    await apt.update(releases.join(' and '))
    return await work(apt)
  } finally {
    folder.remove()
  }
}

/** apt with the lists of other releases; see withReleases. */
class OtherReleases {
  #folder
  #options

  constructor(folder, options) {
    this.#folder = folder
    this.#options = options
  }

  /** Fetches the lists. */
  async update(names) {
    await aptGet([...this.#options, 'update'], `apt: fetching the package list of ${names}`)
  }

  /** What apt-cache(8) says, be it that there is no such package. */
  async cache(...args) {
    const { output } = await run('apt-cache', [...this.#options, ...args], { env: process.env })
    return output
  }

  /**
   * Downloads packages, `name` or `name=version`, without what they depend on. Gives the absolute
   * paths of the .deb files, which are there until `work` ends.
   */
  async download(packages, text) {
    const folder = mkdtempSync(join(this.#folder, 'download-'))
    await aptGet([...this.#options, 'download', ...packages], text, folder)
    const files = readdirSync(folder).filter((entry) => entry.endsWith('.deb'))
    if (files.length !== packages.length) {
      throw new SetupError(`apt-get downloaded ${files.length} of ${packages.length} packages.`)
    }
    return files.map((file) => join(folder, file))
  }
}

/** apt's options for a source list, package lists and a cache inside the folder; apt.conf(5). */
async function isolated(folder, site, releases) {
  const { output } = await run('dpkg', ['--print-architecture'])
  const options = `[arch=${output.trim()} signed-by=${keyring}]`
  const sources = join(folder, 'releases.list')
  const status = join(folder, 'status')
  const lines = releases.map((release) => `deb ${options} ${site} ${release} main\n`)
  writeFileSync(sources, lines.join(''))
  writeFileSync(status, '')
  for (const name of ['lists', 'cache']) mkdirSync(join(folder, name))
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::Etc::Preferences': '-',
    'Dir::Etc::PreferencesParts': '-',
    // Else an installed version newer than the release's would be the one that is offered.
    'Dir::State::Status': status,
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    // The folder is this user's alone, so apt's download user could not write there.
    'APT::Sandbox::User': 'root',
  }
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
}

/** Where this machine gets Debian's packages from; undefined where it uses no Debian site. */
export async function debianSite() {
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
