import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Command } from 'commander'
import { FairleadError, messageOf } from '../model/errors.ts'
import {
  adminSocket,
  defaultName,
  defaultStateFolder,
  systemStateFolder,
} from '../settings/state-folder.ts'
import { DaemonClient } from './client.ts'
import type { CliContext } from './context.ts'

/** The command line makes no sense. Code `usage`. */
export class UsageError extends FairleadError {
  constructor(message: string, hint = '') {
    super('usage', message, { hint })
  }
}

/** Options by which every command that asks a daemon finds it. */
export type DaemonOptions = {
  readonly name?: string
  readonly stateFolder?: string
  readonly socket?: string
  readonly admin?: string
  readonly adminTokenFile?: string
}

export function addDaemonOptions(command: Command): Command {
  return command
    .optionsGroup('Which daemon:')
    .option('--name <NAME>', 'name of the instance (FAIRLEAD_NAME; default: default)')
    .option('--state-folder <FOLDER>', "the instance's state folder (FAIRLEAD_STATE_FOLDER)")
    .option('--socket <PATH>', 'unix socket of the admin API, instead of finding it by name')
    .option('--admin <URL>', 'admin API by TCP, such as http://127.0.0.1:7400')
    .option(
      '--admin-token-file <FILE>',
      'file with the token for --admin (FAIRLEAD_ADMIN_TOKEN_FILE)',
    )
}

/** A daemon to ask; the state folder is known where it is on this machine. */
export type Located = {
  readonly client: DaemonClient
  readonly stateFolder: string | undefined
  /** For messages: `default`, a path or a URL. */
  readonly title: string
}

export async function locate(options: DaemonOptions, context: CliContext): Promise<Located> {
  if (options.admin !== undefined) return byUrl(options.admin, options, context)
  if (options.socket !== undefined) {
    const path = resolve(context.cwd, options.socket)
    const client = new DaemonClient({ kind: 'socket', path })
    return { client, stateFolder: undefined, title: path }
  }
  const { name, stateFolder } = await instanceOf(options, context)
  const client = new DaemonClient({ kind: 'socket', path: adminSocket(stateFolder) })
  return { client, stateFolder, title: name }
}

function byUrl(admin: string, options: DaemonOptions, context: CliContext): Located {
  const text = admin.includes('://') ? admin : `http://${admin}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.protocol !== 'http:' || url.hostname === '') {
    throw new UsageError(`--admin ${admin} is not a URL`, 'write http://ADDR:PORT')
  }
  const file = options.adminTokenFile ?? context.environment['FAIRLEAD_ADMIN_TOKEN_FILE']
  const token = file ? readToken(resolve(context.cwd, file)) : undefined
  const client = new DaemonClient({ kind: 'url', url, token })
  return { client, stateFolder: undefined, title: url.origin }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`cannot read the token file: ${messageOf(error)}`)
  }
}

/** Name and state folder as `fairlead up` started here would have them. */
async function instanceOf(
  options: DaemonOptions,
  context: CliContext,
): Promise<{ name: string; stateFolder: string }> {
  const { environment } = context
  const file = await fromSettingsFile(context)
  const name = options.name ?? (environment['FAIRLEAD_NAME'] || (file.name ?? defaultName))
  if (!/^[a-z0-9-]{1,32}$/.test(name)) {
    throw new UsageError(`--name ${name} is not a name of small letters, digits and hyphens`)
  }
  const given = options.stateFolder ?? (environment['FAIRLEAD_STATE_FOLDER'] || file.stateFolder)
  if (given !== undefined) return { name, stateFolder: resolve(context.cwd, given) }
  const own = defaultStateFolder(name, context)
  const system = systemStateFolder(name)
  // A user who is not root most likely means the machine's daemon when there is none of their own.
  const isSystems = !existsSync(adminSocket(own)) && existsSync(system)
  return { name, stateFolder: isSystems ? system : own }
}

/** Wrong settings in the file are for `fairlead up` to report: here only these two are wanted. */
async function fromSettingsFile(
  context: CliContext,
): Promise<{ name: string | undefined; stateFolder: string | undefined }> {
  const named = context.environment['FAIRLEAD_CONFIG'] || undefined
  const candidates = [named ?? 'fairlead.yaml', '/etc/fairlead/fairlead.yaml']
  if (!candidates.some((path) => existsSync(resolve(context.cwd, path)))) {
    return { name: undefined, stateFolder: undefined }
  }
  // Only now, since most calls need neither YAML nor the schema.
  const { fromFile } = await import('../settings/file.ts')
  const where = 'FAIRLEAD_CONFIG'
  const origin = fromFile(named === undefined ? undefined : { path: named, where }, context.cwd)
  const folder = origin.given.get('stateFolder')
  const text = folder?.texts[0]
  return {
    name: origin.given.get('name')?.texts[0],
    stateFolder:
      text === undefined || isAbsolute(text) ? text : resolve(folder?.baseFolder ?? '', text),
  }
}
