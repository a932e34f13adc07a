import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'
import { withReleases } from './other-release.mjs'
import { ensureProgram } from './programs.mjs'
import { say, SetupError } from './progress.mjs'
import { exitIfInterrupted, findProgram, run } from './run.mjs'
import { temporaryFolder } from './temporary-folder.mjs'

/** The lines of Docker Compose that the compose files are tried with. */
export const composeLines = ['1.29', '2']

const release = 'trixie'
const tree = () => join(cacheFolder('compose'), '2')
const unpacked = (folder) => join(folder, 'usr/libexec/docker/cli-plugins/docker-compose')

/**
 * Makes a Compose of each line available: 1.29 is Debian bookworm's, installed; 2 comes from the
 * release after it and is only unpacked, below the user's cache folder. Throws SetupError.
 */
export async function ensureComposes() {
  const missing = () => composeLines.filter((line) => !findComposes().some((c) => c.line === line))
  const wanted = missing()
  if (wanted.length === 0) return
  if (wanted.includes('1.29')) await ensureProgram('docker-compose', 'docker-compose')
  if (wanted.includes('2')) await bring()
  const still = missing()
  if (still.length === 0) return
  throw new SetupError(
    `Docker Compose ${still.join(' and ')} is missing.`,
    'Name a program of that version with FAIRLEAD_COMPOSE_1_29 or FAIRLEAD_COMPOSE_2.',
  )
}

/**
 * The Compose of each line that is on this machine, to be run as `program ARGUMENTS`: what its
 * variable names, else docker-compose on PATH, else the unpacked one.
 *
 * @returns {{ line: string, program: string, version: string }[]}
 */
export function findComposes() {
  return composeLines.flatMap((line) => {
    const named = process.env[`FAIRLEAD_COMPOSE_${line.replace('.', '_')}`]
    const programs = [named, findProgram('docker-compose'), unpacked(tree())]
    const found = programs.flatMap((program) => {
      const version = program === undefined ? undefined : askVersion(program)
      return version?.startsWith(`${line}.`) ? [{ line, program, version }] : []
    })
    return found.slice(0, 1)
  })
}

function askVersion(program) {
  const { status, stdout } = spawnSync(program, ['version', '--short'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim().replace(/^v/, '') : undefined
}

async function bring() {
  mkdirSync(dirname(tree()), { recursive: true })
  // Beside its last place, to be renamed: whatever carries the last name is whole.
  const folder = temporaryFolder(`${tree()}.new-`)
  try {
    await withReleases([release], async (apt) => {
      const files = await apt.download(['docker-compose'], `apt: downloading docker-compose 2`)
      for (const file of files) {
        const result = await run('dpkg-deb', ['-x', file, folder.path])
        exitIfInterrupted(result)
        if (result.code !== 0) throw new SetupError(`dpkg-deb failed: ${result.output.trim()}`)
      }
    })
    // What is there by now is another run's, which was quicker, or does not run.
    if (askVersion(unpacked(tree())) === undefined) {
      rmSync(tree(), { recursive: true, force: true })
      renameSync(folder.path, tree())
    }
  } finally {
    folder.remove()
  }
  say(`docker-compose ${askVersion(unpacked(tree()))}: ${unpacked(tree())}`)
}
