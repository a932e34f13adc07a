import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from './wait-until.ts'
import type { Dependency } from '../../src/template/dependency.ts'
import { MemorySource } from '../../src/template/watch/memory-source.ts'
import { runConsulTemplate } from '../../src/template/runner/run.ts'

/** A key whose absence is waited for, as `key` asks for it. */
export function keyDependency(key: string): Dependency & { readonly kind: 'kv.block' } {
  const scope = {}
  return { kind: 'kv.block', name: `kv.block(${key})`, key, datacenter: '', scope }
}

/** The program in a folder of its own, with answers that the test gives and signals that it sends. */
export class RunnerBench {
  readonly folder: string
  readonly sources: MemorySource[] = []
  /** How many of them are released. */
  ended = 0
  /** What the next source is waited for; once. */
  holdOpening: Promise<void> | undefined
  readonly #answers = new Map<string, string>()
  readonly #listeners = new Set<(name: NodeJS.Signals) => void>()
  readonly #output: Buffer[] = []
  stderr = ''
  exit: Promise<number> = Promise.resolve(-1)
  exitCode: number | undefined

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<RunnerBench> {
    return new RunnerBench(await mkdtemp(join(tmpdir(), 'fairlead-t-runner-')))
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#output)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  async file(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8').catch(() => '')
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(this.path(name), text)
  }

  async names(): Promise<readonly string[]> {
    return (await readdir(this.folder)).toSorted()
  }

  /** Starts it with paths in its folder; `@` stands for the folder. */
  start(...argv: readonly string[]): this {
    this.exitCode = undefined
    this.exit = runConsulTemplate({
      argv: argv.map((argument) => argument.replaceAll('@', this.folder)),
      environment: { PATH: process.env['PATH'] },
      cwd: this.folder,
      out: (bytes) => void this.#output.push(Buffer.from(bytes)),
      err: (text) => void (this.stderr += text),
      signals: {
        listen: (listener) => {
          this.#listeners.add(listener)
          return () => void this.#listeners.delete(listener)
        },
      },
      openSource: async () => {
        const [source, hold] = [this.#openSource(), this.holdOpening]
        this.holdOpening = undefined
        await hold
        return { source, onComplete: () => undefined, end: async () => void this.ended++ }
      },
      openConsul: () => {
        throw new Error('no Consul here')
      },
    })
    this.exit.then(
      (code) => (this.exitCode = code),
      () => undefined,
    )
    return this
  }

  /** What a key is from now on. */
  set(key: string, value: string): void {
    this.#answers.set(key, value)
    this.sources.at(-1)?.set(keyDependency(key), value)
  }

  signal(name: NodeJS.Signals): void {
    for (const listener of this.#listeners) listener(name)
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    let holds = false
    const ask = async (): Promise<void> => {
      while (!holds) {
        holds = await condition()
        if (!holds) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const asked = ask()
    try {
      await waitUntil(`${what} in\n${this.stderr}`, () => holds)
    } finally {
      holds = true
      await asked
    }
  }

  async close(): Promise<void> {
    this.signal('SIGINT')
    await this.exit.catch(() => undefined)
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #openSource(): MemorySource {
    const source = new MemorySource()
    for (const [key, value] of this.#answers) source.set(keyDependency(key), value)
    this.sources.push(source)
    return source
  }
}
