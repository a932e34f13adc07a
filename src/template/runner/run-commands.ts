import type { ChildEnvironment, CommandLine, RunnerConfig } from '../config/contract.ts'
import { childEnvironment, consulVariables, type Environment } from './child-environment.ts'
import { shownTemplate, type LoadedTemplate } from './load-templates.ts'
import type { Log } from './log.ts'
import { runCommand } from './run-command.ts'
import { shownLine } from './spawn-line.ts'

/** For commands that have no setting of their own; consul-template's default. */
const defaultTimeoutMs = 30_000
const everything: ChildEnvironment = { isPristine: false, allowed: [], denied: [], custom: [] }

export type CommandRunner = {
  /**
   * The commands of templates that were written, in order, each distinct one once; then, if none
   * failed, the command after all. Resolves to what failed.
   */
  runAll(written: readonly LoadedTemplate[]): Promise<readonly string[]>
  /** Resolves to why it failed. */
  check(template: LoadedTemplate, command: CommandLine): Promise<string | undefined>
  /** The variables of a child with this setting. */
  environmentFor(setting: ChildEnvironment): Environment
}

/** Runs the commands of a run of templates. */
export function createCommandRunner(
  config: Pick<RunnerConfig, 'consul' | 'afterCommand'>,
  around: {
    readonly environment: Environment
    readonly cwd: string
    readonly log: Log
    /** Gives up checks that are under way: what they check is not written. */
    readonly stopped: AbortSignal
    /** Gives up commands that are under way. */
    readonly givenUp: AbortSignal
  },
): CommandRunner {
  const { environment, cwd, log, stopped, givenUp } = around
  const environmentFor = (setting: ChildEnvironment): Environment =>
    childEnvironment(environment, consulVariables(config.consul), setting)
  const run = (
    command: CommandLine,
    setting: ChildEnvironment,
    timeoutMs: number,
    signal = givenUp,
  ): Promise<string | undefined> =>
    runCommand(command, { environment: environmentFor(setting), cwd, timeoutMs, signal })
  return {
    environmentFor,
    async check({ setting }, command) {
      const timeoutMs = setting.commandTimeoutMs || defaultTimeoutMs
      const failure = await run(command, setting.commandEnvironment, timeoutMs, stopped)
      return stopped.aborted ? (failure ?? 'given up') : failure
    },
    async runAll(written) {
      const failures: string[] = []
      for (const { template, command } of distinctCommands(written)) {
        const { commandEnvironment, commandTimeoutMs } = template.setting
        log.info('runner', `executing "${shownLine(command)}" from ${shownTemplate(template)}`)
        const failure = await run(command, commandEnvironment, commandTimeoutMs)
        if (failure !== undefined) failures.push(`${shownTemplate(template)}: ${failure}`)
      }
      const { afterCommand } = config
      if (afterCommand === undefined || written.length === 0 || failures.length > 0) return failures
      log.info('runner', `executing "${shownLine(afterCommand)}" after ${written.length} templates`)
      const failure = await run(afterCommand, everything, defaultTimeoutMs)
      return failure === undefined ? [] : [`after command: ${failure}`]
    },
  }
}

/** The same words in the same form are the same command; the first template's settings count. */
function distinctCommands(
  templates: readonly LoadedTemplate[],
): readonly { readonly template: LoadedTemplate; readonly command: CommandLine }[] {
  const byWords = new Map<string, { template: LoadedTemplate; command: CommandLine }>()
  for (const template of templates) {
    const { command } = template.setting
    if (command === undefined) continue
    const words = JSON.stringify(command)
    if (!byWords.has(words)) byWords.set(words, { template, command })
  }
  return [...byWords.values()]
}
