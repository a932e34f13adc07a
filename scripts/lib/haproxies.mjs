import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  askVersion,
  findHaproxies,
  haproxyLines,
  haproxyTree,
  haproxyVariable,
  lineOf,
  programIn,
} from './haproxy-lines.mjs'
import { withReleases } from './other-release.mjs'
import { ensureProgram } from './programs.mjs'
import { SetupError, say } from './progress.mjs'
import { exitIfInterrupted, findProgram, run } from './run.mjs'
import { temporaryFolder } from './temporary-folder.mjs'

/**
 * Makes a HAProxy of each line available, for the tests and benchmarks.
 *
 * A line that is not on this machine comes from the Debian release that has it: its package and the
 * libraries it needs are unpacked below the user's cache folder; nothing is installed. Downloads
 * nothing when all are there. Throws SetupError naming the line and what to do.
 */
export async function ensureHaproxies() {
  const found = new Set(findHaproxies().map(({ line }) => line))
  for (const { line, releases } of haproxyLines.filter((wanted) => !found.has(wanted.line))) {
    try {
      await bring(line, releases)
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      const reason = error.hint === '' ? error.message : `${error.message} ${error.hint}`
      throw new SetupError(
        `HAProxy ${line} is missing and cannot be brought: ${reason}`,
        hint(line),
      )
    }
  }
}

const hint = (line) =>
  `Name a program of that version with ${haproxyVariable(line)}=/path/to/haproxy.`

async function bring(line, releases) {
  for (const program of ['apt-get', 'dpkg-deb']) {
    if (findProgram(program) === undefined) throw new SetupError(`There is no ${program} here.`)
  }
  await ensureProgram('patchelf', 'patchelf')
  const tree = haproxyTree(line)
  mkdirSync(dirname(tree), { recursive: true })
  // Beside its last place, to be renamed: whatever carries the last name is whole.
  const folder = temporaryFolder(`${tree}.new-`)
  try {
    await withReleases(releases, (apt) => unpack(apt, line, folder.path))
    await useOwnLibraries(folder.path, tree)
    takePlace(folder.path, tree)
  } finally {
    folder.remove()
  }
  const { version, output } = askVersion(programIn(tree))
  if (version === undefined) throw new SetupError(`The unpacked program says: ${output.trim()}`)
  say(`haproxy ${version}: ${programIn(tree)}`)
}

async function unpack(apt, line, folder) {
  const version = versionOf(line, await apt.cache('madison', 'haproxy'))
  const packages = await withLibraries(apt, `haproxy=${version}`)
  for (const file of await apt.download(packages, `apt: downloading haproxy ${version}`)) {
    await must('dpkg-deb', ['-x', file, folder])
  }
}

/**
 * The version of a line out of what `apt-cache madison haproxy` says: the oldest one of the line, so
 * that a later line's first appearance is not taken for it. Throws SetupError when there is none.
 */
export function versionOf(line, madison) {
  const rows = madison.split('\n').map((row) => row.split('|').map((cell) => cell.trim()))
  const versions = rows.flatMap(([, version]) => (version === undefined ? [] : [version]))
  const found = versions.findLast((version) => lineOf(version) === line)
  if (found !== undefined) return found
  throw new SetupError(`Debian's site has ${versions.join(' and ') || 'no haproxy'} there.`)
}

// The package and all libraries below it, as `name=version`. What else a package depends on (users,
// services, scripts) is for one that is installed.
async function withLibraries(apt, wanted) {
  const show = async (names) =>
    parsePackages(await apt.cache('show', '--no-all-versions', ...names))
  const libraries = []
  const seen = new Set()
  let names = (await show([wanted])).flatMap(({ dependencies }) => dependencies)
  while (names.length > 0) {
    for (const name of names) seen.add(name)
    const found = (await show(names)).filter(({ section }) => section === 'libs')
    libraries.push(...found.map(({ name, version }) => `${name}=${version}`))
    const next = found.flatMap(({ dependencies }) => dependencies)
    names = [...new Set(next)].filter((name) => !seen.has(name))
  }
  return [wanted, ...libraries]
}

/**
 * What `apt-cache show` says, a package each. Of alternatives the first is the dependency, as apt
 * has it; deb-control(5) and Debian policy 7.1.
 */
export function parsePackages(text) {
  const stanzas = text.split('\n\n').filter((stanza) => stanza.startsWith('Package: '))
  return stanzas.map((stanza) => {
    const field = (name) => new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1] ?? ''
    const depends = [field('Pre-Depends'), field('Depends')].flatMap((list) => list.split(','))
    const dependencies = depends.flatMap((entry) => /[\w.+-]+/.exec(entry)?.slice(0, 1) ?? [])
    return {
      name: field('Package'),
      version: field('Version'),
      section: field('Section'),
      dependencies,
    }
  })
}

/**
 * Makes the unpacked program run on the C library it came with, and on no other of its libraries
 * but those unpacked; its paths are those of the tree's last place. It is done in the program
 * itself: HAProxy's master starts itself anew by its own path at each reload, and a wrapper or an
 * LD_LIBRARY_PATH would get lost on the way or reach other programs.
 */
async function useOwnLibraries(folder, tree) {
  const program = programIn(folder)
  const parents = ['usr/lib', 'lib'].filter((name) => existsSync(join(folder, name)))
  // Debian's multi-arch folders: x86_64-linux-gnu, aarch64-linux-gnu.
  const folders = parents.flatMap((parent) =>
    readdirSync(join(folder, parent))
      .filter((name) => name.includes('-linux-gnu'))
      .map((name) => join(parent, name)),
  )
  const loader = basename(await must('patchelf', ['--print-interpreter', program]))
  const loaderFolder = folders.find((name) => existsSync(join(folder, name, loader)))
  if (loaderFolder === undefined) throw new SetupError(`There is no ${loader} in the packages.`)
  const path = folders.map((name) => join(tree, name)).join(':')
  const interpreter = join(tree, loaderFolder, loader)
  const args = ['--set-interpreter', interpreter, '--force-rpath', '--set-rpath', path, program]
  await must('patchelf', args)
}

// A tree that is there by now is another run's, which was quicker, or one that does not run.
function takePlace(folder, tree) {
  if (askVersion(programIn(tree)).version !== undefined) return
  rmSync(tree, { recursive: true, force: true })
  renameSync(folder, tree)
}

async function must(program, args) {
  const result = await run(program, args)
  exitIfInterrupted(result)
  if (result.code === 0) return result.output.trim()
  throw new SetupError(`${program} ${args.join(' ')} failed: ${result.output.trim()}`)
}
