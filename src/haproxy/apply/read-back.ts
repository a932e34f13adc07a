import { readFile } from 'node:fs/promises'
import type { RunningBackend, RunningServer } from '../control.ts'
import type { RunningState } from '../diff/plan.ts'
import type { FileText } from './staged-files.ts'
import type { HaproxyRunner } from '../process/runner.ts'
import { lazy } from '../../support/lazy.ts'
import { parseBackends, showBackendsCommand } from '../runtime/backends.ts'
import { HaproxyError } from '../runtime/errors.ts'
import {
  parseMap,
  parseMapFile,
  parseMapPaths,
  printMapFile,
  showMapCommand,
} from '../runtime/maps.ts'
import { refusalOf } from '../runtime/replies.ts'
import { parseServers, showServersCommand } from '../runtime/servers.ts'

/** The running state, and which contents are in the files on disk. */
export type KnownState = RunningState & {
  readonly servers: Map<string, RunningServer>
  readonly backends: Map<string, RunningBackend>
  readonly onDisk: ReadonlyMap<string, FileText>
}

/** The same with another text, which is put together only if somebody asks for it. */
export function withText(
  known: KnownState,
  text: Pick<RunningState, 'config' | 'sections'>,
): KnownState {
  const { sections } = text
  // Not `text` itself is kept: it may be all that was known before.
  const whole = sections === undefined ? text.config : undefined
  const config = lazy(() => whole ?? sections?.join(''))
  return {
    ...known,
    get config() {
      return config()
    },
    sections,
  }
}

/**
 * Everything HAProxy runs: backends, servers and map files as HAProxy itself says, text and other files from
 * the disk where the record says that the worker runs them.
 * Throws HaproxyError `haproxy_unreachable`.
 */
export async function readBack(
  haproxy: HaproxyRunner,
  paths: Iterable<string>,
): Promise<KnownState> {
  const onDisk = await readFiles([...paths, haproxy.configPath])
  const [list = '', state = '', backends = ''] = await haproxy.execute([
    'show map',
    showServersCommand(),
    showBackendsCommand(),
  ])
  const refusal = refusalOf(state)
  if (refusal !== undefined)
    throw new HaproxyError('haproxy_refused', `HAProxy does not list its servers: ${refusal}`)
  const files = new Map(haproxy.isTextKnown ? onDisk : [])
  const config = files.get(haproxy.configPath)
  files.delete(haproxy.configPath)
  const mapPaths = parseMapPaths(list)
  const replies = mapPaths.length === 0 ? [] : await haproxy.execute(mapPaths.map(showMapCommand))
  for (const [index, path] of mapPaths.entries()) {
    const entries = parseMap(replies[index] ?? '')
    if (entries === undefined) continue
    const content = printMapFile(entries)
    const fromDisk = files.get(path)
    // Where the entries are the same the file's own form (comments, order) is kept.
    if (fromDisk === undefined || printMapFile(parseMapFile(fromDisk)) !== content)
      files.set(path, content)
  }
  return { config, files, servers: parseServers(state), backends: parseBackends(backends), onDisk }
}

async function readFiles(paths: readonly string[]): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for (const path of paths) {
    const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (content !== undefined) contents.set(path, content)
  }
  return contents
}
