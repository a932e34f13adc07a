import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'
import { SetupError } from './progress.mjs'
import { findProgram } from './run.mjs'

/**
 * The lines of HAProxy that are tested with, the oldest first, and the Debian releases that have
 * them. A line reaches up to the next one: 3.2 counts as 3.0.
 */
export const haproxyLines = [
  { line: '2.6', releases: ['bookworm'] },
  { line: '3.0', releases: ['trixie'] },
  // The libraries of experimental are those of sid.
  { line: '3.4', releases: ['sid', 'experimental'] },
]

/** The line that a version is of: `3.0` for `3.2.26-1`; undefined for one older than all. */
export function lineOf(version) {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const reached = haproxyLines.filter(({ line }) => {
    const [lineMajor, lineMinor] = line.split('.').map(Number)
    return major > lineMajor || (major === lineMajor && minor >= lineMinor)
  })
  return reached.at(-1)?.line
}

/** Where the packages of a line are unpacked: an absolute path below the user's cache folder. */
export function haproxyTree(line) {
  return join(cacheFolder('haproxy'), line)
}

/** The program in such a tree. */
export const programIn = (tree) => join(tree, 'usr', 'sbin', 'haproxy')

/** The environment variable that may name a program of the line: `FAIRLEAD_HAPROXY_3_0`. */
export const haproxyVariable = (line) => `FAIRLEAD_HAPROXY_${line.replace('.', '_')}`

/**
 * Every line's program that is on this machine, the oldest line first: the one that its variable
 * names, else haproxy on PATH, else the unpacked one. What a program is, is what its `-v` says.
 * Throws SetupError when a variable names anything but a program of its line.
 *
 * @returns {{ line: string, path: string, version: string }[]}
 */
export function findHaproxies() {
  const onPath = findProgram('haproxy')
  return haproxyLines.flatMap(({ line }) => {
    const named = process.env[haproxyVariable(line)]
    if (named) return [namedProgram(line, resolve(named))]
    const paths = [onPath, programIn(haproxyTree(line))]
    const found = paths.flatMap((path) => {
      const { version } = path === undefined ? {} : askVersion(path)
      return version !== undefined && lineOf(version) === line ? [{ line, path, version }] : []
    })
    return found.slice(0, 1)
  })
}

function namedProgram(line, path) {
  const { version, output } = askVersion(path)
  if (version !== undefined && lineOf(version) === line) return { line, path, version }
  const what = version === undefined ? `says: ${output.trim()}` : `is HAProxy ${version}`
  throw new SetupError(`${haproxyVariable(line)} wants a HAProxy ${line}; ${path} ${what}`)
}

/** What `haproxy -v` says of its version, `3.0.11-1+deb13u3`; undefined for what is no HAProxy. */
export function askVersion(path) {
  const { stdout, stderr, error } = spawnSync(path, ['-v'], { encoding: 'utf8', timeout: 30_000 })
  const output = error === undefined ? stdout + stderr : error.message
  return { version: /^HA-?Proxy version (\S+)/im.exec(output)?.[1], output }
}
