import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
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

/** Of one file; nobody writes a longer one, and devices never end. */
const mostBytes = 4 * 1024 * 1024
/** Of all files that files name; a file counts as often as it is named. */
const mostNamedBytes = 64 * 1024 * 1024

/**
 * The Compose files that are meant, read: those named, else those of COMPOSE_FILE, else the standard
 * ones here or in a folder above. Variables are those of the environment, then of `.env` beside the
 * first file. Throws ComposeError when a file is missing, cannot be read, or is too long. What a file
 * names has to be a regular file: reading a device or a pipe may have no end.
 */
export function readComposeFiles(
  choice: ComposeChoice,
  { cwd, environment }: Pick<CliContext, 'cwd' | 'environment'>,
): ComposeInput {
  const readFile = limited((path) => readIfThere(path, cwd))
  const given = (name: string): string | undefined => environment[name] || undefined
  const fromVariable = given('COMPOSE_FILE') ?? dotenvHere(cwd).get('COMPOSE_FILE')
  const isGiven = choice.files.length > 0
  const named = isGiven ? choice.files : (fromVariable?.split(':') ?? [])
  const files =
    named.length > 0 ? named.map((file) => must(file, cwd, isGiven)) : standardFiles(cwd)
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
  if (envFile !== undefined) return must(envFile, cwd, true).text
  return readIfThere(join(folder, '.env'), cwd)?.text ?? ''
}

function dotenvHere(cwd: string): ReadonlyMap<string, string> {
  return parseDotenv(readIfThere(join(cwd, '.env'), cwd)?.text ?? '', () => undefined)
}

/** Counts what is read. */
function limited(read: ComposeInput['readFile']): ComposeInput['readFile'] {
  let bytes = 0
  return (path) => {
    const found = read(path)
    bytes += Buffer.byteLength(found?.text ?? '')
    if (found === undefined || bytes <= mostNamedBytes) return found
    throw tooLong(found.shown, 'up to here the files that files name have', mostNamedBytes)
  }
}

/**
 * `-` is the standard input, such as what `docker compose config` writes. What was given on the
 * command line may be a pipe, as a shell's `<(docker compose config)` is.
 */
function must(file: string, cwd: string, isGiven: boolean): ComposeText {
  if (file === '-') return readText(0, { path: join(cwd, '-'), shown: '<stdin>' }, true)
  const text = readIfThere(resolve(cwd, file), cwd, isGiven)
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
function readIfThere(path: string, cwd: string, mayBePipe = false): ComposeText | undefined {
  const short = relative(cwd, path)
  const shown = short.startsWith('..') || isAbsolute(short) ? path : short
  try {
    return readText(path, { path, shown }, mayBePipe)
  } catch (error) {
    const cause = error instanceof ComposeError ? error.cause : undefined
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw error
  }
}

function readText(
  source: string | 0,
  { path, shown }: Omit<ComposeText, 'text'>,
  mayBePipe: boolean,
): ComposeText {
  try {
    return { path, shown, text: textOf(source, shown, mayBePipe) }
  } catch (error) {
    if (error instanceof ComposeError) throw error
    const what = `cannot be read: ${messageOf(error)}`
    throw new ComposeError([{ where: shown, what, hint: '' }], { cause: error })
  }
}

function textOf(source: string | 0, shown: string, mayBePipe: boolean): string {
  if (source === 0) return textOfOpen(0, shown)
  // Else opening a pipe waits for its writer.
  const flags = mayBePipe ? 0 : constants.O_NONBLOCK | constants.O_NOCTTY
  const file = openSync(source, constants.O_RDONLY | flags)
  try {
    const found = fstatSync(file)
    if (!mayBePipe && !found.isFile() && !found.isDirectory()) {
      const what = 'cannot be read: it is no regular file'
      throw new ComposeError([{ where: shown, what, hint: '' }])
    }
    return textOfOpen(file, shown)
  } finally {
    closeSync(file)
  }
}

/** Counts what comes: files below /proc say that they are empty. */
function textOfOpen(file: number, shown: string): string {
  const parts: Buffer[] = []
  let bytes = 0
  for (;;) {
    const part = Buffer.allocUnsafe(65_536)
    const read = readSync(file, part)
    if (read === 0) return Buffer.concat(parts).toString('utf8')
    parts.push(part.subarray(0, read))
    bytes += read
    if (bytes > mostBytes) throw tooLong(shown, 'it has', mostBytes)
  }
}

function tooLong(shown: string, what: string, limitBytes: number): ComposeError {
  const limit = `${limitBytes / 1024 / 1024} MiB`
  return new ComposeError([{ where: shown, what: `${what} more than ${limit}`, hint: '' }])
}
