import type { Topic } from './topic.ts'

/** So many keys are asked for each by itself; more are read by their folders. */
const mostSingleKeys = 8
/** Services are read together until so much of the room is free again, so as not to go back and forth. */
const roomToSpread = 0.75

/** How topics are asked for. */
export type Arrangement = {
  /** Services are read together. */
  readonly isFolded: boolean
  /** Long polls beside those on services. */
  readonly others: number
  /** The folder by which a key is read, by the key of its topic. */
  readonly folders: ReadonlyMap<string, string>
}

/**
 * Decides what is asked for together, so that there is room for all: `most` long polls.
 * `wasFolded`: services are read together now. `unfit`: folders that hold too much else, or may not be read.
 */
export function arrange(
  topics: Iterable<Topic>,
  most: number,
  wasFolded: boolean,
  unfit: ReadonlySet<string>,
): Arrangement {
  const keys = new Map<string, string>()
  let services = 0
  let others = 0
  for (const { key: topic, way } of topics) {
    if (way.kind === 'service') services++
    else if (way.kind === 'key') keys.set(topic, way.key)
    else if (way.kind === 'query' || way.kind === 'own node') others++
  }
  const isFew = keys.size <= Math.min(mostSingleKeys, most)
  const folders = isFew || most === Infinity ? new Map<string, string>() : foldersOf(keys, unfit)
  others += keys.size - folders.size + new Set(folders.values()).size
  const room = wasFolded ? most * roomToSpread : most
  return { isFolded: services > 1 && services + others > room, others, folders }
}

/**
 * A folder for each key that shares one with others, as deep as few folders allow. The root is no
 * folder: all there is may be too much.
 */
function foldersOf(
  keys: ReadonlyMap<string, string>,
  unfit: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const groups = new Map<string, string[]>()
  const put = (folder: string, topics: readonly string[]): void => {
    const group = groups.get(folder) ?? []
    groups.set(folder, group)
    group.push(...topics)
  }
  for (const [topic, key] of keys) put(folderOf(key), [topic])
  while (groups.size > mostSingleKeys) {
    const movable = [...groups.keys()].filter((folder) => {
      const parent = folder === '' ? '' : parentOf(folder)
      return parent !== '' && !unfit.has(parent)
    })
    if (movable.length === 0) break
    // A whole level at once, so that siblings stay together.
    const depth = Math.max(...movable.map(depthOf))
    for (const folder of movable) {
      if (depthOf(folder) !== depth) continue
      const topics = groups.get(folder) ?? []
      groups.delete(folder)
      put(parentOf(folder), topics)
    }
  }
  const shared = [...groups].filter(
    ([folder, topics]) => folder !== '' && topics.length > 1 && !unfit.has(folder),
  )
  return new Map(shared.flatMap(([folder, topics]) => topics.map((topic) => [topic, folder])))
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

function parentOf(folder: string): string {
  return folderOf(folder.slice(0, -1))
}

function depthOf(folder: string): number {
  return folder.split('/').length
}
