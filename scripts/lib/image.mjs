import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { ensureBase } from './base-image.mjs'
import { bundle, ensureBuilt } from './build.mjs'
import { cacheFolder } from './cache-folder.mjs'
import { DockerClient } from './docker-client.mjs'
import { root } from './node-modules.mjs'
import { say } from './progress.mjs'

const dockerfile = join(root, 'deploy', 'Dockerfile')
const kept = 2

/**
 * Makes sure that a daemon has the project's image, as `tag`, and the demo's web server, as `tag` with
 * `-demo` behind it.
 *
 * They are built once for each state of what is in them, and kept as one archive below the user's
 * cache folder: every other daemon loads that. `dockerHost` as DOCKER_HOST has it; `base` as ensureBase
 * takes it. Throws SetupError.
 *
 * @param {{ dockerHost?: string, base?: string, tag?: string }} [options]
 * @returns {Promise<{ name: string, demo: string, archive: string }>} their full names,
 *   `fairlead:<hash>` and `fairlead-demo:<hash>`, and the archive, for `docker load`
 */
export async function ensureImage({ dockerHost, base = 'auto', tag = 'fairlead' } = {}) {
  await ensureBuilt()
  const docker = new DockerClient(dockerHost)
  const hash = contentHash(base)
  const images = { name: `fairlead:${hash}`, demo: `fairlead-demo:${hash}` }
  const archive = join(cacheFolder('images'), `fairlead-${hash}.tar`)
  const isKept = existsSync(archive)
  if (!(await hasAll(docker, images))) {
    if (isKept) await docker.call('load', '--quiet', '--input', archive)
    else await buildImages(docker, images, await ensureBase(docker, base))
  }
  if (!isKept) await keep(docker, images, archive)
  await docker.call('tag', images.name, tag)
  await docker.call('tag', images.demo, demoTag(tag))
  return { ...images, archive }
}

async function hasAll(docker, { name, demo }) {
  return (await docker.hasImage(name)) && (await docker.hasImage(demo))
}

/** `fairlead-demo:1` for `fairlead:1`. */
function demoTag(tag) {
  const [, name, version = ''] = /^(.*?)(:[^/]*)?$/.exec(tag)
  return `${name}-demo${version}`
}

/** Builds them; `base` is an image that the daemon has. */
async function buildImages(docker, { name, demo }, base) {
  say(`docker: building ${name} on ${base}`)
  const args = ['--file', dockerfile, '--build-arg', `BASE=${base}`]
  await docker.build(...args, '--target', 'fairlead', '--tag', name, root)
  await docker.build(...args, '--target', 'demo', '--tag', demo, root)
}

/** Saves them beside their last place, to be renamed: what carries the last name is whole. */
async function keep(docker, { name, demo }, archive) {
  const folder = cacheFolder('images')
  mkdirSync(folder, { recursive: true })
  const unfinished = `${archive}.${process.pid}.tmp`
  try {
    await docker.call('save', '--output', unfinished, name, demo)
    renameSync(unfinished, archive)
  } finally {
    rmSync(unfinished, { force: true })
  }
  const archives = readdirSync(folder).filter((file) => file.endsWith('.tar'))
  const byAge = archives
    .map((file) => ({ path: join(folder, file), at: statSync(join(folder, file)).mtimeMs }))
    .toSorted((a, b) => b.at - a.at)
  for (const { path } of byAge.slice(kept)) rmSync(path, { force: true })
}

/** Twelve digits that change with everything that is copied into the image, and with its base. */
function contentHash(base) {
  const bin = join(root, 'deploy', 'bin')
  const scripts = readdirSync(bin)
    .toSorted()
    .map((file) => join(bin, file))
  const baseScript = join(root, 'deploy', 'base', 'make-base.sh')
  const files = [dockerfile, bundle, join(root, 'demo', 'server.mjs'), baseScript, ...scripts]
  const hash = createHash('sha256').update(`${base} ${process.arch}`)
  for (const file of files) hash.update(`\n${file.slice(root.length)}\n`).update(readFileSync(file))
  return hash.digest('hex').slice(0, 12)
}
