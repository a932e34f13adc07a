import { resolve } from 'node:path'
import type { Command } from 'commander'
import { defaultName, defaultStateFolder } from '../settings/state-folder.ts'
import type { CliContext } from './context.ts'
import { locate } from './locate.ts'
import { renderFindings } from './render/doctor.ts'
import { painter } from './render/text.ts'
import { DaemonEnd } from './up.ts'

type DoctorCommandOptions = {
  readonly socket?: string
  readonly config?: string
  readonly haproxy: string
  readonly docker?: string
  readonly name?: string
  readonly stateFolder?: string
  readonly json?: true
}

export function addDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .summary('look at the HAProxy here, and say what to change')
    .description(
      'Look at the HAProxy that runs here, at its sockets, its configuration, its limits and at ' +
        'what fairlead needs beside it; say what was found and what to change. Changes nothing ' +
        'and needs no daemon. Ends with 1 when there is an error.',
    )
    .option(
      '--socket <PATH>',
      "socket of HAProxy's master or of a worker, or ADDR:PORT; default: that of fairlead up, else " +
        'those that the configuration, command lines and Debian name',
    )
    .option('--config <PATH>', 'configuration; default: what the command line of HAProxy says')
    .option('--haproxy <PROGRAM>', 'the haproxy program: a path, or a name on PATH', 'haproxy')
    .option(
      '--docker <URL>',
      'Docker daemon to look at, unix:// or tcp://; default: DOCKER_HOST, else that of this machine',
    )
    .option('--json', 'the findings as JSON')
    .optionsGroup('Which instance:')
    .option('--name <NAME>', 'name of the instance (FAIRLEAD_NAME; default: default)')
    .option('--state-folder <FOLDER>', "the instance's state folder (FAIRLEAD_STATE_FOLDER)")
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead doctor\n' +
        '  fairlead doctor --socket /run/haproxy-master.sock --config /etc/haproxy/haproxy.cfg',
    )
    .action((options: DoctorCommandOptions) => examine(options, context))
}

async function examine(options: DoctorCommandOptions, context: CliContext): Promise<void> {
  const { name, stateFolder: given, json = false } = options
  const { client, stateFolder = defaultStateFolder(name ?? defaultName, context) } = await locate(
    {
      ...(name === undefined ? {} : { name }),
      ...(given === undefined ? {} : { stateFolder: given }),
    },
    context,
  )
  const at = (path: string): string =>
    path.includes('/') || !/:\d+$/.test(path) ? resolve(context.cwd, path) : path
  const { collect } = await import('../doctor/collect.ts')
  const { judge } = await import('../doctor/judge.ts')
  const facts = await collect({
    socket: options.socket === undefined ? undefined : at(options.socket),
    config: options.config === undefined ? undefined : resolve(context.cwd, options.config),
    docker: options.docker,
    stateFolder,
    haproxy: options.haproxy,
    environment: context.environment,
    hasDaemon: await client.isAlive(),
    nowMs: context.now(),
  })
  const findings = judge(facts)
  const isHealthy = findings.every(({ level }) => level !== 'error')
  context.out(
    json
      ? `${JSON.stringify({ isHealthy, findings }, undefined, 2)}\n`
      : renderFindings(findings, painter(context.hasColour)),
  )
  if (!isHealthy) throw new DaemonEnd(1)
}
