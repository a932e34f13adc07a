import { isUtf8 } from 'node:buffer'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { FairleadError, messageOf } from '../model/errors.ts'
import { printable } from '../support/printable.ts'
import type { Rendering } from '../template/contract.ts'
import type { Dependency } from '../template/dependency.ts'
import type { CliContext } from './context.ts'
import { ExitWith } from './exit-with.ts'
import type { FailedTemplate } from './render/template-failure.ts'

type RenderOptions = {
  readonly data?: string
  readonly output?: string
  readonly allowEffects?: true
  readonly errorOnMissingKey?: true
  readonly leftDelimiter?: string
  readonly rightDelimiter?: string
}

export function addRender(program: Command, context: CliContext): void {
  program
    .command('render')
    .summary('render a consul-template template from a JSON file, without Consul')
    .description(
      "Render a template in consul-template's language from data in a JSON file: `.` in it is the " +
        'whole file, and its key "consul" answers service, key and the like (docs/templates.md). ' +
        'Ends with 1 when the template is wrong, or asks for what is not in the data; then that is ' +
        'listed, and nothing is written.',
    )
    .argument('<template>', 'file with the template, - for standard input')
    .option('--data <FILE>', 'JSON file to render from, also written -data (default: no data)')
    .option('-o, --output <FILE>', 'file to write, instead of standard output')
    .option('--error-on-missing-key', 'a key that a map does not have is an error')
    .option('--left-delimiter <TEXT>', 'what begins an action (default: "{{")')
    .option('--right-delimiter <TEXT>', 'what ends an action (default: "}}")')
    .option('--allow-effects', 'let plugin run programs and writeToFile write')
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead render -data catalogue.json haproxy.ctmpl\n' +
        '  fairlead render --data catalogue.json -o haproxy.cfg haproxy.ctmpl',
    )
    .action((path: string, options: RenderOptions) => render(path, options, context))
}

/** Go's way of writing a long option with one dash, for the command whose users know it. */
export function withLongOptions(argv: readonly string[]): readonly string[] {
  if (argv[0] !== 'render') return argv
  return argv.map((argument) => (/^-data(=|$)/.test(argument) ? `-${argument}` : argument))
}

async function render(path: string, options: RenderOptions, context: CliContext): Promise<void> {
  const [{ createProgram }, { readOfflineData }, { TemplateError }, bytes, { RenderError }] =
    await Promise.all([
      import('../template/render/program.ts'),
      import('../template/render/offline-knowledge.ts'),
      import('../template/template-error.ts'),
      import('../template/go/byte-text.ts'),
      import('../template/render/render-error.ts'),
    ])
  const { dot, knowledge } = readOfflineData(readJson(options.data, context))
  const name = path === '-' ? '(standard input)' : path
  const template = { name, text: bytes.textOfBytes(read(path, 'the template', context)) }
  const attempt = (): Rendering => {
    const program = createProgram(template.text, {
      name,
      leftDelimiter: options.leftDelimiter ?? '',
      rightDelimiter: options.rightDelimiter ?? '',
      isErrorOnMissingKey: options.errorOnMissingKey === true,
      surroundings: {
        environment: (variable) => context.environment[variable],
        now: () => new Date(context.now()),
        workingFolder: context.cwd,
        sandboxPath: undefined,
        hasEffects: options.allowEffects === true,
      },
    })
    return program.render(knowledge, dot)
  }
  try {
    const { text, missing } = attempt()
    failForMissing(template, missing, context)
    write(bytes.bytesOfText(text), text, options, context)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const { renderTemplateFailure } = await import('./render/template-failure.ts')
    context.err(`fairlead: ${renderTemplateFailure(template, error.message)}`)
    if (error instanceof RenderError) failForMissing(template, error.missing, context)
    throw new ExitWith(1)
  }
}

/** Says what the data does not have, and ends with 1 if there is any. */
function failForMissing(
  { name }: FailedTemplate,
  missing: readonly Dependency[],
  context: CliContext,
): void {
  if (missing.length === 0) return
  const lines = missing.map((dependency) => `  ${printable(dependency.name)}\n`)
  context.err(
    `fairlead: ${name}: the data has no answer for\n${lines.join('')}` +
      ' hint: put it under "consul" in the data (docs/templates.md), or ask so that it may be absent\n',
  )
  throw new ExitWith(1)
}

/** What is read is a template or its data: the file a user has named. Throws code `usage`. */
function read(path: string, what: string, { cwd }: CliContext): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : resolve(cwd, path))
  } catch (error) {
    throw new FairleadError('usage', `${path}: ${what} cannot be read: ${messageOf(error)}`)
  }
}

function readJson(path: string | undefined, context: CliContext): unknown {
  if (path === undefined) return {}
  const text = Buffer.from(read(path, 'the data', context)).toString()
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new FairleadError('usage', `${path}: the data is no JSON: ${messageOf(error)}`)
  }
}

function write(
  bytes: Uint8Array,
  text: string,
  { output }: RenderOptions,
  context: CliContext,
): void {
  if (output === undefined) {
    if (!isUtf8(bytes)) {
      throw new FairleadError('usage', 'the output has bytes that are not UTF-8', {
        hint: 'write it to a file with -o',
      })
    }
    context.out(text)
    return
  }
  try {
    writeFileSync(resolve(context.cwd, output), bytes)
  } catch (error) {
    throw new FairleadError('usage', `${output} cannot be written: ${messageOf(error)}`)
  }
}
