import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canUseApt, isRoot } from './platform.mjs'
import { cacheFolder } from './cache-folder.mjs'
import { root } from './node-modules.mjs'
import { debianSite, keyring } from './other-release.mjs'
import { ensureProgram } from './programs.mjs'
import { say, SetupError } from './progress.mjs'
import { exitIfInterrupted, run } from './run.mjs'

/** What the Dockerfile is built on where nothing else is said. */
export const debianImage = 'debian:trixie-slim'
const release = 'trixie'
const script = join(root, 'deploy', 'base', 'make-base.sh')
const hint =
  'Name a base that the daemon has with --base NAME: Debian, or one with Node and HAProxy.'

/**
 * The name of a base image that the daemon has.
 *
 * `wanted`: a name, which is pulled where the daemon lacks it; `debootstrap`: one made of Debian's
 * packages on this machine; `auto`: the one that was made here before, else `debian:trixie-slim`
 * from a registry, else one made here.
 * Throws SetupError.
 */
export async function ensureBase(docker, wanted) {
  if (wanted === 'debootstrap' || (wanted === 'auto' && existsSync(await archivePath()))) {
    return importMade(docker)
  }
  const name = wanted === 'auto' ? debianImage : wanted
  if (await docker.hasImage(name)) return name
  say(`docker: pulling ${name}`)
  const { code, output } = await docker.try('pull', '--quiet', name)
  if (code === 0) return name
  if (wanted !== 'auto') throw new SetupError(`docker pull ${name} failed: ${output.trim()}`)
  say(`docker: no ${name} (${output.trim().split('\n').at(-1)})`)
  return importMade(docker)
}

async function importMade(docker) {
  const archive = await ensureBaseArchive()
  const name = `fairlead-base:${keyOf(archive)}`
  if (!(await docker.hasImage(name))) {
    say(`docker: importing ${name}`)
    await docker.call('import', archive, name)
  }
  return name
}

const keyOf = (archive) => archive.replace(/^.*\/debian-|\.tar$/g, '')

/** Below the cache folder; its name says what is in it. */
async function archivePath() {
  const { output } = await run('dpkg', ['--print-architecture'])
  const hash = createHash('sha256').update(readFileSync(script)).digest('hex').slice(0, 8)
  return join(cacheFolder('base'), `debian-${release}-${output.trim() || process.arch}-${hash}.tar`)
}

/** Makes the archive unless it is there: some 40 s, once. Gives its path. Throws SetupError. */
export async function ensureBaseArchive() {
  const archive = await archivePath()
  if (existsSync(archive)) return archive
  if (!isRoot()) throw new SetupError('A base image can be made by root only.', hint)
  if (!canUseApt()) throw new SetupError('A base image can be made on Debian and Ubuntu.', hint)
  await ensureProgram('debootstrap', 'debootstrap')
  if (!existsSync(keyring)) {
    throw new SetupError(`${keyring} is missing.`, 'apt-get install debian-archive-keyring')
  }
  const site = (await debianSite()) ?? 'http://deb.debian.org/debian'
  mkdirSync(cacheFolder('base'), { recursive: true })
  say(`debootstrap: making a base image of Debian ${release}`)
  const env = { ...process.env, ...(await aptProxy()) }
  const result = await run(script, [release, site, keyring, archive], { env })
  exitIfInterrupted(result)
  if (result.code === 0) return archive
  const end = result.output.trimEnd().split('\n').slice(-15).join('\n  ')
  throw new SetupError(`deploy/base/make-base.sh failed:\n  ${end}`, hint)
}

/** What apt is told of a proxy, as the variable that debootstrap reads. */
async function aptProxy() {
  const { output } = await run('apt-config', ['dump', '--format', '%v', 'Acquire::http::Proxy'])
  const proxy = output.trim()
  return proxy === '' ? {} : { http_proxy: proxy }
}
