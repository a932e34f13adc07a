import { parseFlags } from '../../support/go-flags.ts'
import { completeConfig } from './complete.ts'
import type { Environment } from './complete-consul.ts'
import type { ReadConfig } from './contract.ts'
import { gatherFaults, mergeShape, readShape } from './fields.ts'
import { diskFiles, readSources } from './files.ts'
import type { ConfigFiles } from './files.ts'
import { flags, foreignKind } from './flags.ts'
import { givenByFlags } from './given-flags.ts'
import { ConfigMistake } from './mistake.ts'
import { parseConfig } from './parse-config.ts'
import { shape } from './shape.ts'
import type { GivenConfig } from './shape.ts'
import type { Source } from './syntax.ts'
import { usageText, versionText } from './usage.ts'

export type ConfigSurroundings = {
  readonly environment: Environment
  /** The process's own by default; relative paths start here. */
  readonly workingFolder?: string
  /** The disk by default. */
  readonly files?: ConfigFiles
}

type Parsed = { readonly given: GivenConfig; readonly warnings: readonly string[] }

/**
 * Reads consul-template's command line (without the program) and the configurations it names:
 * those of `-config` in order, then the text in CT_LOCAL_CONFIG, then the flags; the later wins,
 * templates are added up. Throws nothing for what a user may get wrong.
 */
export function readConfig(argv: readonly string[], surroundings: ConfigSurroundings): ReadConfig {
  const { environment, workingFolder = process.cwd() } = surroundings
  const { files = diskFiles(workingFolder) } = surroundings
  try {
    const parsed = parseFlags(flags, argv)
    if (parsed.kind === 'help') return { kind: 'text', text: usageText() }
    if (parsed.kind === 'mistake') throw new ConfigMistake(parsed.message, 13)
    const { values, given, rest } = parsed
    if (rest.length > 0) {
      const quoted = rest.map((argument) => JSON.stringify(argument))
      throw new ConfigMistake(`cli: extra args: [${quoted.join(' ')}]`, 13)
    }
    const warnings = foreignWarnings(given)
    const byFlags = givenByFlags({ values, given })
    if (values.v || values.version) return { kind: 'text', text: versionText() }
    const local = inFlags(() => localConfig(environment))
    const all = [
      ...values.config.flatMap((path) => readSources(path, files)).map(parseGiven),
      ...local,
      { given: byFlags, warnings },
    ]
    const config = completeConfig(merge(all), {
      environment,
      readFile: (path) => files.readFile(path),
      isDry: values.dry,
      configPaths: values.config,
    })
    return { kind: 'config', config, warnings: all.flatMap((each) => each.warnings) }
  } catch (error) {
    if (!(error instanceof ConfigMistake)) throw error
    return { kind: 'mistake', message: error.message, exitCode: error.exitCode }
  }
}

/** The variable belongs to the command line. */
function localConfig(environment: Environment): readonly Parsed[] {
  const text = environment['CT_LOCAL_CONFIG'] ?? ''
  return text === '' ? [] : [parseGiven({ name: 'CT_LOCAL_CONFIG', text })]
}

function inFlags<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw error instanceof ConfigMistake ? new ConfigMistake(error.message, 13) : error
  }
}

/** Warnings for flags that are ignored. Throws a ConfigMistake for those that cannot be. */
function foreignWarnings(given: ReadonlySet<string>): readonly string[] {
  return [...given].flatMap((name) => {
    const kind = foreignKind(name)
    if (kind === undefined) return []
    const program = name.startsWith('vault') ? 'Vault' : 'Nomad'
    if (kind === 'ignored') return [`-${name} is ignored: ${program} is not supported`]
    throw new ConfigMistake(`-${name}: ${program} is not supported`, 13)
  })
}

/** What a configuration text says. Throws a ConfigMistake that names all its wrong values. */
export function parseGiven(source: Source): Parsed {
  const faults = gatherFaults()
  const node = inSource(source, () => parseConfig(source))
  if (node.kind !== 'block') {
    throw new ConfigMistake(`from file: ${source.name}: error converting config`)
  }
  const given = readShape(shape, node, '', faults)
  const { lines, warnings, count } = faults
  if (count > 0) {
    throw new ConfigMistake(
      `from file: ${source.name}: mapstructure decode failed: ${count} error(s) decoding:\n\n` +
        lines.map((line) => `* ${line}`).join('\n'),
    )
  }
  return { given, warnings }
}

function inSource<Result>({ name }: Source, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw error instanceof ConfigMistake
      ? new ConfigMistake(`from file: ${name}: ${error.message}`)
      : error
  }
}

function merge(all: readonly Parsed[]): GivenConfig {
  return all.reduce<GivenConfig>((before, { given }) => mergeShape(shape, before, given), {})
}
