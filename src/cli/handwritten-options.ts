import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ConfigMessage } from '../haproxy/runtime/errors.ts'
import type { HandwrittenOptions } from '../handwritten/site.ts'
import { defaultName, defaultStateFolder } from '../settings/state-folder.ts'
import { printable } from '../support/printable.ts'
import type { CliContext } from './context.ts'
import { UsageError } from './locate.ts'

/** Options that `plan` and `apply` have in common. */
export type ConfigOptions = {
  readonly socket?: string
  readonly config?: string
  readonly stateFolder?: string
  readonly name?: string
  readonly haproxy?: string
  readonly reloadCommand?: string
  readonly resetStates?: true
  readonly commands?: true
  readonly all?: true
  readonly json?: true
}

export function addConfigOptions(command: Command): Command {
  return command
    .argument(
      '<NEW>',
      'configuration: a file, or a folder of *.cfg files as HAProxy itself takes it',
    )
    .option('--commands', 'show the exact commands as well; never private keys')
    .option('--all', 'show every change, also of thousands')
    .option('--json', 'print it as JSON')
    .option(
      '--reset-states',
      'servers put in drain or maintenance at runtime get what the text says',
    )
    .optionsGroup('Which HAProxy:')
    .option(
      '--socket <PATH>',
      "socket of HAProxy's master, or of a worker with level admin; default: the stats socket of the " +
        'text, else those of Debian, else that of fairlead up',
    )
    .option(
      '--config <PATH>',
      'file or folder that HAProxy loads; default: what its command line says, else NEW itself',
    )
    .option(
      '--reload-command <COMMAND>',
      'reloads HAProxy where its master has no socket; run by sh',
    )
    .option('--haproxy <PROGRAM>', 'checks the text in place of the program that runs')
    .option('--state-folder <FOLDER>', 'where it is kept what was loaded (FAIRLEAD_STATE_FOLDER)')
}

export function readConfigOptions(
  path: string,
  options: ConfigOptions,
  context: CliContext,
): HandwrittenOptions {
  const at = (given: string): string => resolve(context.cwd, given)
  const { socket, config } = options
  const folder = options.stateFolder ?? (context.environment['FAIRLEAD_STATE_FOLDER'] || undefined)
  const name = context.environment['FAIRLEAD_NAME'] || defaultName
  return {
    newPath: at(path),
    livePath: config === undefined ? undefined : at(config),
    socket: socket?.includes('/') === true ? at(socket) : socket,
    reloadCommand:
      options.reloadCommand === undefined ? undefined : ['sh', '-c', options.reloadCommand],
    program: options.haproxy,
    stateFolder: folder === undefined ? defaultStateFolder(name, context) : at(folder),
    isReset: options.resetStates === true,
  }
}

/** Milliseconds of `500ms`, `2s`, `1m`. Throws UsageError. */
export function readTime(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? []
  if (unit === '') throw new UsageError(`${flag} ${text} is not a time`, 'write 500ms, 2s or 1m')
  return Number(number) * { ms: 1, s: 1000, m: 60_000 }[unit as 'ms' | 's' | 'm']
}

/** All that HAProxy says of a rejected text, a line each; the error itself then says the first again. */
export function sayRejection(error: unknown, context: CliContext): void {
  if (!(error instanceof Error && 'messages' in error && Array.isArray(error.messages))) return
  for (const { level, file, line, text } of error.messages as readonly ConfigMessage[]) {
    if (level !== 'alert') continue
    const place = line === undefined ? '' : `${file}:${line}: `
    context.err(`${printable(`${place}${text}`)}\n`)
  }
}
