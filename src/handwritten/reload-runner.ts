import { rm } from 'node:fs/promises'
import type { AttachedHaproxy } from '../haproxy/process/attached.ts'
import type { Bind } from '../haproxy/process/binds.ts'
import type { Observed } from '../haproxy/process/observe.ts'
import type { HaproxyRunner } from '../haproxy/process/runner.ts'
import { isSameWorker } from './records.ts'

/**
 * An attached HAProxy for one apply of a configuration that people wrote: the text was checked
 * before, which text runs is recorded elsewhere, and files of a folder that are no longer wanted
 * are removed before a reload.
 */
export class ReloadRunner implements HaproxyRunner {
  readonly #haproxy: AttachedHaproxy
  readonly #obsolete: readonly string[]
  #reload: 'none' | 'under way' | 'done' | 'failed' = 'none'
  #loaded: Observed | undefined
  readonly configPath: string
  readonly isOurs = false
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

  /** Whether another HAProxy, or another worker that no reload explains, has come since the reload. */
  isReplacedBy(now: Observed): boolean {
    const loaded = this.#loaded
    if (loaded === undefined) return false
    const isSameMaster =
      loaded.master !== undefined && loaded.master.masterPid === now.master?.masterPid
    return !isSameMaster && !isSameWorker(loaded.worker, now.worker)
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
      this.#loaded = this.#haproxy.observed
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
