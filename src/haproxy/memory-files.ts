import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { namedFiles } from './config/named-files.ts'
import { loadedCertificates } from './diff/loaded-certificates.ts'
import { readPatternFile } from './diff/map-file.ts'
import { emptyFileWorld } from './runtime/interpret-files.ts'
import type { FileWorld } from './runtime/interpret-files.ts'
import { parseMapFile } from './runtime/maps.ts'

/** What a HAProxy in memory has of the files that a text names, read from the disk. */
export async function readFileWorld(config: string): Promise<FileWorld> {
  const world = emptyFileWorld()
  const contents = new Map<string, string>()
  const listed: string[] = []
  for (const { path, use } of namedFiles(config)) {
    for (const [each, content] of await contentsOf(path)) contents.set(each, content)
    const content = contents.get(path) ?? ''
    if (use === 'map' || use === 'map-ordered') world.maps.set(path, parseMapFile(content))
    if (use === 'crt-list') listed.push(...pathsIn(content))
    if (use === 'ca') world.authorities.set(path, content)
    if (use === 'acl') {
      const patterns = readPatternFile(content) ?? []
      world.acls.set(
        path,
        patterns.map((key) => ({ key, value: '' })),
      )
    }
  }
  for (const path of listed)
    for (const [each, content] of await contentsOf(path)) contents.set(each, content)
  const loaded = loadedCertificates({ config }, contents)
  for (const [path, entries] of loaded?.lists ?? []) world.lists.set(path, entries)
  for (const path of loaded?.certificates ?? [])
    world.certificates.set(path, contents.get(path) ?? '')
  return world
}

/** The certificates that a crt-list names, which can be told by their absolute paths. */
function pathsIn(content: string): string[] {
  return content.split('\n').flatMap((line) => /^[ \t]*(\/\S+)/.exec(line)?.slice(1, 2) ?? [])
}

/** Of a folder all its files, of what is not there nothing. */
async function contentsOf(path: string): Promise<[path: string, content: string][]> {
  try {
    return [[path, await readFile(path, 'utf8')]]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    if (code !== 'EISDIR') throw error
  }
  const names = await readdir(path)
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const file = join(path, name)
      return [file, await readFile(file, 'utf8')]
    }),
  )
}
