import { basename } from 'node:path'
import type { CliContext } from './context.ts'

/** What a link to the program is called that stands in for consul-template. */
export const consulTemplateName = 'consul-template'

/** The same as a command. */
export const templateCommand = 'template'

/**
 * The arguments of consul-template's stand-in: of `fairlead template …`, or of a link to the
 * program that is called consul-template. undefined: another command is meant.
 */
export function consulTemplateArguments(argv: readonly string[]): readonly string[] | undefined {
  const [, script = '', command, ...rest] = argv
  if (basename(script) === consulTemplateName) return argv.slice(2)
  return command === templateCommand ? rest : undefined
}

/** Runs it to its end; its exit code. It reads its own flags, as Go programs do. */
export async function runAsConsulTemplate(
  args: readonly string[],
  context: Pick<CliContext, 'environment' | 'cwd' | 'err'>,
): Promise<number> {
  const { processSignals } = await import('../template/runner/signals.ts')
  const { openConsul } = await import('../template/runner/open-consul.ts')
  const { openSource } = await import('../template/runner/open-source.ts')
  const { runConsulTemplate } = await import('../template/runner/run.ts')
  return runConsulTemplate({
    argv: args,
    environment: context.environment,
    cwd: context.cwd,
    // Bytes that are no text, as values of keys can be, are written as they are.
    out: (bytes) => void process.stdout.write(bytes),
    err: (text) => context.err(text),
    signals: processSignals,
    openSource,
    openConsul: (config) => openConsul(config.consul),
  })
}
