import { readFile } from 'node:fs/promises'
import type { RunningBackend, RunningServer } from '../control.ts'
import type { RunningState } from '../diff/plan.ts'
import type { FileText } from './staged-files.ts'
import type { HaproxyRunner } from '../process/runner.ts'
import { withoutKeys } from '../../model/file-digest.ts'
import { lazy } from '../../support/lazy.ts'
import { parseBackends, showBackendsCommand } from '../runtime/backends.ts'
import { namedFiles } from '../config/named-files.ts'
import { ConfigSyntaxError } from '../config/syntax-error.ts'
import { HaproxyError } from '../runtime/errors.ts'
import { parseInfo } from '../runtime/info.ts'
import { readLoadedFiles } from './read-files.ts'
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
 * Everything HAProxy runs: backends, servers, maps and ACLs as HAProxy itself says, text and other files from
 * the disk where the record says that the worker runs them.
 * Throws HaproxyError `haproxy_unreachable`.
 */
export async function readBack(
  haproxy: Pick<HaproxyRunner, 'execute' | 'configPath' | 'isTextKnown'>,
  paths: Iterable<string>,
): Promise<KnownState> {
  const onDisk = await readFiles([...paths, haproxy.configPath])
  const [state = '', backends = '', info = ''] = await haproxy.execute([
    showServersCommand(),
    showBackendsCommand(),
    'show info',
  ])
  const refusal = refusalOf(state)
  if (refusal !== undefined)
    throw new HaproxyError('haproxy_refused', `HAProxy does not list its servers: ${refusal}`)
  const files = new Map(haproxy.isTextKnown ? onDisk : [])
  const config = files.get(haproxy.configPath)
  files.delete(haproxy.configPath)
  const loaded = withoutKeys(await readLoadedFiles(haproxy, files, writtenIn(config)))
  return {
    config,
    files: loaded,
    servers: parseServers(state),
    backends: parseBackends(backends),
    onDisk: withoutKeys(onDisk),
    mostConnections: mostConnectionsOf(info),
  }
}

/** Where the text cannot be read it makes no difference: then there is one reload. */
function writtenIn(config: string | undefined): ReadonlySet<string> {
  try {
    const files = config === undefined ? [] : namedFiles(config)
    return new Set(files.filter(({ use }) => use === 'written').map(({ path }) => path))
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return new Set()
    throw error
  }
}

function mostConnectionsOf(info: string): number | undefined {
  const most = Number(parseInfo(info)?.fields.get('Hard_maxconn'))
  return Number.isInteger(most) ? most : undefined
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
