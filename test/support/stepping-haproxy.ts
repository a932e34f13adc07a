import type { Bind } from '../../src/haproxy/process/binds.ts'
import type { HaproxyRunner } from '../../src/haproxy/process/runner.ts'

/** Called before and after everything that is asked of HAProxy: `before reload`, `after execute`. */
export type OnStep = (step: string) => void

/** A HAProxy that tells each step of an apply, so that a test can let something happen at it. */
export class SteppingHaproxy implements HaproxyRunner {
  readonly #haproxy: HaproxyRunner
  readonly #onStep: OnStep

  constructor(haproxy: HaproxyRunner, onStep: OnStep) {
    this.#haproxy = haproxy
    this.#onStep = onStep
  }

  get isRunning(): boolean {
    return this.#haproxy.isRunning
  }

  get isOurs(): boolean {
    return this.#haproxy.isOurs
  }

  get workerPid(): number {
    return this.#haproxy.workerPid
  }

  get version(): string {
    return this.#haproxy.version
  }

  get configPath(): string {
    return this.#haproxy.configPath
  }

  get isTextKnown(): boolean {
    return this.#haproxy.isTextKnown
  }

  execute(commands: readonly string[]): Promise<readonly string[]> {
    return this.#step('execute', () => this.#haproxy.execute(commands))
  }

  validate(configPath: string): Promise<void> {
    return this.#step('validate', () => this.#haproxy.validate(configPath))
  }

  probeBinds(binds: readonly Bind[]): Promise<void> {
    return this.#step('probeBinds', () => this.#haproxy.probeBinds(binds))
  }

  reload(): Promise<void> {
    return this.#step('reload', () => this.#haproxy.reload())
  }

  start(): Promise<void> {
    return this.#step('start', () => this.#haproxy.start())
  }

  refresh(): Promise<void> {
    return this.#step('refresh', () => this.#haproxy.refresh())
  }

  forgetText(): Promise<void> {
    return this.#step('forgetText', () => this.#haproxy.forgetText())
  }

  confirmText(): Promise<void> {
    return this.#step('confirmText', () => this.#haproxy.confirmText())
  }

  async #step<T>(name: string, action: () => Promise<T>): Promise<T> {
    this.#onStep(`before ${name}`)
    const result = await action()
    this.#onStep(`after ${name}`)
    return result
  }
}
