import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Docker } from './docker.ts'
import { tar } from './tar.ts'
import type { TarEntry } from './tar.ts'

/** The image's name; its last part is the name of the service that fairlead makes of it. */
export const imageName = 'fairlead/demo-hostname'

const imageLabel = 'demo.fairlead.image'
const serverFile = fileURLToPath(new URL('./server.mjs', import.meta.url))

// What V8 may keep is small, since a page needs next to nothing: 30 servers share one machine.
export const nodeFlags = ['--max-old-space-size=24', '--max-semi-space-size=1', '--v8-pool-size=1']

// Dockerfile instructions, as `POST /images/create?changes=` takes them.
const changes = [
  `ENTRYPOINT ${JSON.stringify(['/bin/node', ...nodeFlags, '/srv/server.mjs'])}`,
  'ENV PATH=/bin UV_THREADPOOL_SIZE=1',
  'EXPOSE 80',
  'USER 65534:65534',
  `LABEL ${imageLabel}=true`,
]

/** Why no image can be made of this machine's Node; undefined when it can. */
export async function whyNoImage(docker: Docker): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    return `the image is made of this machine's Node, and that is one for ${process.platform}`
  }
  const version = await docker.get<{ Os: string; Arch: string }>('/version')
  const ours = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch
  if (version.Os === 'linux' && version.Arch === ours) return undefined
  return `Docker runs on ${version.Os}/${version.Arch}, and this machine's Node is for linux/${ours}`
}

/**
 * Makes the demo's image out of this machine's Node and the demo's web server, without a registry,
 * unless Docker has it already. Returns its full name; the tag is a hash of what is in it.
 */
export async function ensureImage(docker: Docker, say: (text: string) => void): Promise<string> {
  const tag = contentHash()
  const image = `${imageName}:${tag}`
  const known = await docker.call('GET', `/images/${image}/json`, [200, 404])
  if (known.status === 200) return image
  say(`Docker: making the image ${image} of this machine's Node`)
  await importImage(docker, { name: imageName, tag, changes, files: nodeFiles(serverFile) })
  await removeImages(docker, image)
  return image
}

export type ImageRecipe = {
  readonly name: string
  readonly tag: string
  /** Dockerfile instructions. */
  readonly changes: readonly string[]
  readonly files: readonly TarEntry[]
}

/** Makes an image of these files; the folders they are in are made too. Docker keeps it. */
export async function importImage(docker: Docker, recipe: ImageRecipe): Promise<void> {
  const query = new URLSearchParams({ fromSrc: '-', repo: recipe.name, tag: recipe.tag })
  for (const change of recipe.changes) query.append('changes', change)
  const body = tar(withFolders(recipe.files))
  const options = { body, contentType: 'application/x-tar', timeoutMs: 180_000 }
  const answer = await docker.call('POST', `/images/create?${query.toString()}`, [200], options)
  // Docker reports a failed import in the body of a 200.
  if (answer.body.includes('"error"')) throw new Error(`Docker: import: ${answer.body.trim()}`)
}

/**
 * Removes every image that `ensureImage` ever made, except `kept` and what a container still uses;
 * returns their names.
 */
export async function removeImages(docker: Docker, kept?: string): Promise<readonly string[]> {
  const filters = JSON.stringify({ label: [`${imageLabel}=true`] })
  const images = await docker.get<readonly { Id: string; RepoTags: readonly string[] | null }[]>(
    `/images/json?filters=${encodeURIComponent(filters)}`,
  )
  const removed: string[] = []
  for (const { Id, RepoTags } of images) {
    const names = RepoTags ?? [Id]
    if (kept !== undefined && names.includes(kept)) continue
    // 409: a container uses it.
    const { status } = await docker.call('DELETE', `/images/${Id}?force=1`, [200, 404, 409])
    if (status === 200) removed.push(...names)
  }
  return removed
}

// Size and time stand for the contents of the 100 MB of Node: hashing them takes longer than
// starting a container.
function contentHash(): string {
  const node = statSync(process.execPath)
  const hash = createHash('sha256')
  hash.update(JSON.stringify([process.version, process.arch, node.size, node.mtimeMs, changes]))
  hash.update(readFileSync(serverFile))
  return hash.digest('hex').slice(0, 12)
}

/** This machine's Node as `/bin/node` with the libraries it needs, and a script as `/srv/server.mjs`. */
export function nodeFiles(script: string): readonly TarEntry[] {
  const libraries = sharedLibraries(process.execPath)
  return [
    file('bin/node', 0o755, process.execPath),
    file('srv/server.mjs', 0o644, script),
    ...libraries.map((path) => file(path.slice(1), 0o755, path)),
  ]
}

function withFolders(files: readonly TarEntry[]): readonly TarEntry[] {
  const folders = new Set(
    files.flatMap(({ path }) => parents(path)).concat('tmp', 'dev', 'proc', 'sys', 'etc'),
  )
  const made = [...folders]
    .toSorted()
    .map((path): TarEntry => ({ type: 'folder', path: `${path}/`, mode: 0o755 }))
  return [...made, ...files]
}

/** An entry with the contents of the file `source` of this machine. */
export function file(path: string, mode: number, source: string): TarEntry {
  return { type: 'file', path, mode, content: readFileSync(source) }
}

function parents(path: string): readonly string[] {
  const folder = dirname(path)
  return folder === '.' ? [] : [folder, ...parents(folder)]
}

// ldd(1) prints `name => /path (address)` and, for the loader, `/path (address)`. A static program
// makes it fail, and then there is nothing to add.
function sharedLibraries(program: string): readonly string[] {
  try {
    const output = execFileSync('ldd', [program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const paths = output.match(/(?<=^\t|=> )\/\S+/gm) ?? []
    return [...new Set(paths)].filter((path) => existsSync(path))
  } catch (error) {
    if (isExitCode(error)) return []
    throw error
  }
}

const isExitCode = (error: unknown): boolean =>
  error instanceof Error && 'status' in error && typeof error.status === 'number'
