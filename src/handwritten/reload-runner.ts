import { rm } from 'node:fs/promises'
import type { AttachedHaproxy } from '../haproxy/process/attached.ts'
import type { Bind } from '../haproxy/process/binds.ts'
import type { HaproxyRunner } from '../haproxy/process/runner.ts'

/**
 * An attached HAProxy for one apply of a configuration that people wrote: the text was checked
 * before, which text runs is recorded elsewhere, and files of a folder that are no longer wanted
 * are removed before a reload.
 */
export class ReloadRunner implements HaproxyRunner {
  readonly #haproxy: AttachedHaproxy
  readonly #obsolete: readonly string[]
  #reload: 'none' | 'under way' | 'done' | 'failed' = 'none'
  readonly configPath: string
  /** The apply stage then takes from disk nothing that it was not given. */
  readonly isTextKnown = false

  constructor(haproxy: AttachedHaproxy, configPath: string, obsolete: readonly string[]) {
    this.#haproxy = haproxy
    this.configPath = configPath
    this.#obsolete = obsolete
  }

  /** What became of the reload, if there was one. */
  get reloaded(): 'none' | 'under way' | 'done' | 'failed' {
    return this.#reload
  }

  get isRunning(): boolean {
    return this.#haproxy.isRunning
  }

  get workerPid(): number {
    return this.#haproxy.workerPid
  }

  get version(): string {
    return this.#haproxy.version
  }

  execute(commands: readonly string[]): Promise<readonly string[]> {
    return this.#haproxy.execute(commands)
  }

  async reload(): Promise<void> {
    this.#reload = 'under way'
    try {
      for (const path of this.#obsolete) await rm(path, { force: true })
      await this.#haproxy.reload()
      this.#reload = 'done'
    } catch (error) {
      this.#reload = 'failed'
      throw error
    }
  }

  start(): Promise<void> {
    return this.#haproxy.start()
  }

  refresh(): Promise<void> {
    return this.#haproxy.refresh()
  }

  probeBinds(binds: readonly Bind[]): Promise<void> {
    return this.#haproxy.probeBinds(binds)
  }

  async validate(): Promise<void> {}

  async forgetText(): Promise<void> {}

  async confirmText(): Promise<void> {}
}
