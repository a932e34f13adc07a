import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeFileAtomic } from '../../support/atomic-file.ts'
import type { WorkerIdentity } from '../runtime/worker-dialects.ts'

/**
 * Which text a worker of somebody else's HAProxy runs: who the worker is in a file, the text in one
 * beside it, since the configuration on disk may be edited by hand before it is loaded.
 */
export class AttachedRecord {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Beside it, for what only one process may do at a time. */
  get lockPath(): string {
    return `${this.#path}.lock`
  }

  /** The text that this very worker runs; undefined: not known. */
  async textOf(worker: WorkerIdentity): Promise<string | undefined> {
    if (!(await this.isOf(worker))) return undefined
    return readFile(this.#textPath, 'utf8').catch(unlessGone)
  }

  /** Whether it is of this very worker. */
  async isOf(worker: WorkerIdentity): Promise<boolean> {
    const recorded = await this.#worker()
    return recorded?.pid === worker.pid && recorded.startedAtSeconds === worker.startedAtSeconds
  }

  /** Keeps it. Throws StateWriteError. */
  async keep(worker: WorkerIdentity, text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await writeFileAtomic(this.#textPath, text)
    const { pid, startedAtSeconds } = worker
    await writeFileAtomic(this.#path, `${JSON.stringify({ pid, startedAtSeconds })}\n`)
  }

  /** Nobody knows which text runs. Throws StateWriteError. */
  async forget(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await writeFileAtomic(this.#path, '{}\n')
  }

  get #textPath(): string {
    return `${this.#path}.cfg`
  }

  async #worker(): Promise<Partial<WorkerIdentity> | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(unlessGone)
    try {
      const value: unknown = JSON.parse(text ?? '{}')
      return typeof value === 'object' && value !== null ? value : undefined
    } catch {
      // Torn by a crash of the machine: then the text is not known.
      return undefined
    }
  }
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}
