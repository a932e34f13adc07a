import { createHash } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { writeFileAtomic } from '../support/atomic-file.ts'

const formatVersion = 1

/** The file is torn or of another version. Code `snapshot_refused`. */
class KeptFileError extends FairleadError {}

/**
 * One JSON value in a file of the state folder, replaced as a whole: a line with version and SHA-256,
 * then the JSON. Several changes that come while a write runs share the next one.
 */
export class KeptFile<T> {
  readonly #path: string
  readonly #kind: string
  readonly #content: () => T
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #loadProblem: Problem | undefined
  #writeProblem: Problem | undefined

  /** `kind` is the word for it in problems and in the file: `services`, `keys`. */
  constructor(path: string, kind: string, content: () => T) {
    this.#path = path
    this.#kind = kind
    this.#content = content
  }

  /**
   * What an earlier run kept; undefined when there is none. One that cannot be trusted is renamed to
   * `<path>.refused`, and a problem says so.
   */
  async load(): Promise<T | undefined> {
    try {
      return this.#decode(await readFile(this.#path, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      if (!(error instanceof KeptFileError)) throw error
      const aside = `${this.#path}.refused`
      await rename(this.#path, aside)
      this.#loadProblem = {
        where: `registry: ${this.#kind}`,
        what: error.message,
        hint: `it was kept as ${aside}; what it had is to be registered or put again`,
      }
      return undefined
    }
  }

  /** Resolves when the content as it is now is on disk. Throws StateWriteError; the old file is whole. */
  save(): Promise<void> {
    if (this.#running === undefined) return this.#write()
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#write()
      })
    return this.#next
  }

  /** Resolves when nothing is being written any more. */
  async flush(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined)
  }

  problems(): readonly Problem[] {
    return [this.#loadProblem, this.#writeProblem].filter((each) => each !== undefined)
  }

  #write(): Promise<void> {
    const writing = writeFileAtomic(this.#path, this.#encode()).then(
      () => {
        this.#writeProblem = undefined
      },
      (error: unknown) => {
        const hint = 'a restart would not know the newest state; free some space'
        this.#writeProblem = {
          where: `registry: ${this.#kind}`,
          what: messageOf(error),
          hint,
        }
        throw error
      },
    )
    this.#running = writing
    const clear = (): void => {
      if (this.#running === writing) this.#running = undefined
    }
    writing.then(clear, clear)
    return writing
  }

  #encode(): string {
    const body = JSON.stringify(this.#content())
    return `fairlead-${this.#kind} ${formatVersion} ${sha256(body)}\n${body}\n`
  }

  #decode(text: string): T {
    const end = text.indexOf('\n')
    const body = text.slice(end + 1, -1)
    const header = `fairlead-${this.#kind} ${formatVersion} ${sha256(body)}`
    if (end < 0 || text.slice(0, end) !== header || !text.endsWith('\n')) {
      throw new KeptFileError('snapshot_refused', `${this.#path} is torn, or of another version`)
    }
    return JSON.parse(body) as T
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
