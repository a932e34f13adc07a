import type { DependencyFailure, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'

type Listener = (event: WatchEvent) => void

/**
 * Tells listeners what happened. Changes that come in the same turn of the event loop's queue are
 * told together, right after it; never while somebody is still in the call that made them.
 */
export class Events {
  readonly #listeners: Listener[] = []
  #changed = new Map<string, Dependency>()
  #isClosed = false

  listen(listener: Listener): void {
    this.#listeners.push(listener)
  }

  changed(dependencies: readonly Dependency[]): void {
    if (dependencies.length === 0) return
    if (this.#changed.size === 0) queueMicrotask(() => this.#flush())
    for (const dependency of dependencies) this.#changed.set(dependency.name, dependency)
  }

  failed(failure: DependencyFailure): void {
    queueMicrotask(() => this.#tell({ kind: 'failed', failure }))
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#isClosed = true
  }

  #flush(): void {
    const dependencies = [...this.#changed.values()]
    this.#changed = new Map()
    this.#tell({ kind: 'changed', dependencies })
  }

  #tell(event: WatchEvent): void {
    if (this.#isClosed) return
    for (const listener of this.#listeners) listener(event)
  }
}
