import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { parseDotenv } from '../compose/dotenv.ts'
import type { ComposeInput, ComposeText } from '../compose/input.ts'
import { ComposeError } from '../compose/tree.ts'
import { messageOf } from '../model/errors.ts'
import type { CliContext } from './context.ts'

export type ComposeChoice = {
  readonly files: readonly string[]
  readonly profiles: readonly string[]
  readonly projectName: string | undefined
  readonly envFile: string | undefined
}

/** As the docker command looks for them, the first that is there; and one laid over it. */
const standardNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
]

/**
 * The Compose files that are meant, read: those named, else those of COMPOSE_FILE, else the standard
 * ones here or in a folder above. Variables are those of the environment, then of `.env` beside the
 * first file. Throws ComposeError when a file is missing or cannot be read.
 */
export function readComposeFiles(
  choice: ComposeChoice,
  { cwd, environment }: Pick<CliContext, 'cwd' | 'environment'>,
): ComposeInput {
  const readFile = (path: string): ComposeText | undefined => readIfThere(path, cwd)
  const given = (name: string): string | undefined => environment[name] || undefined
  const fromVariable = given('COMPOSE_FILE') ?? dotenvHere(cwd).get('COMPOSE_FILE')
  const named = choice.files.length > 0 ? choice.files : (fromVariable?.split(':') ?? [])
  const files = named.length > 0 ? named.map((file) => must(file, cwd)) : standardFiles(cwd)
  const folder = dirname(files[0]?.path ?? cwd)
  const variables = parseDotenv(envText(choice, folder, cwd), given)
  const lookup = (name: string): string | undefined => environment[name] ?? variables.get(name)
  const profiles =
    choice.profiles.length > 0 ? choice.profiles : (lookup('COMPOSE_PROFILES')?.split(',') ?? [])
  return {
    files,
    folder,
    lookup,
    profiles: [...new Set(profiles.map((each) => each.trim()).filter((each) => each !== ''))],
    projectName: choice.projectName ?? (lookup('COMPOSE_PROJECT_NAME') || undefined),
    readFile,
  }
}

function envText({ envFile }: ComposeChoice, folder: string, cwd: string): string {
  if (envFile !== undefined) return must(envFile, cwd).text
  return readIfThere(join(folder, '.env'), cwd)?.text ?? ''
}

function dotenvHere(cwd: string): ReadonlyMap<string, string> {
  return parseDotenv(readIfThere(join(cwd, '.env'), cwd)?.text ?? '', () => undefined)
}

/** `-` is the standard input, such as what `docker compose config` writes. */
function must(file: string, cwd: string): ComposeText {
  if (file === '-') return readText(0, { path: join(cwd, '-'), shown: '<stdin>' })
  const text = readIfThere(resolve(cwd, file), cwd)
  if (text !== undefined) return text
  throw new ComposeError([{ where: file, what: 'there is no such file', hint: '' }])
}

function standardFiles(cwd: string): readonly ComposeText[] {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = firstOf(standardNames, folder, cwd)
    if (found !== undefined) return [found, firstOf(overrideNames, folder, cwd)].filter(isThere)
    if (dirname(folder) === folder) break
  }
  const what = 'there is no Compose file here or in a folder above'
  const hint = `name one; ${standardNames.join(', ')} are looked for`
  throw new ComposeError([{ where: 'fairlead check', what, hint }])
}

function firstOf(names: readonly string[], folder: string, cwd: string): ComposeText | undefined {
  for (const name of names) {
    const found = readIfThere(join(folder, name), cwd)
    if (found !== undefined) return found
  }
  return undefined
}

function isThere(text: ComposeText | undefined): text is ComposeText {
  return text !== undefined
}

/** undefined: there is none. Throws ComposeError for what is there and cannot be read. */
function readIfThere(path: string, cwd: string): ComposeText | undefined {
  const short = relative(cwd, path)
  const shown = short.startsWith('..') || isAbsolute(short) ? path : short
  try {
    return readText(path, { path, shown })
  } catch (error) {
    const cause = error instanceof ComposeError ? error.cause : undefined
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw error
  }
}

function readText(source: string | 0, { path, shown }: Omit<ComposeText, 'text'>): ComposeText {
  try {
    return { path, shown, text: readFileSync(source, 'utf8') }
  } catch (error) {
    const what = `cannot be read: ${messageOf(error)}`
    throw new ComposeError([{ where: shown, what, hint: '' }], { cause: error })
  }
}
