import type { Clock } from '../../support/clock.ts'
import type { WaitSetting } from '../config/contract.ts'
import { Quiescence } from './quiescence.ts'

/**
 * Which templates are to be evaluated next. A template with a wait is due once what it depends on
 * has been quiet, the others at once. Waits hold only after `settle`, so that the first rendering
 * is immediate.
 */
export class Schedule {
  readonly #waits: readonly (Quiescence | undefined)[]
  readonly #due: Set<number>
  #hasSettled = false
  #wake: () => void = () => undefined

  /** All of them are due. */
  constructor(waits: readonly (WaitSetting | undefined)[], clock: Clock) {
    this.#due = new Set(waits.keys())
    this.#waits = waits.map((wait, index) =>
      wait === undefined || wait.maxMs <= 0
        ? undefined
        : new Quiescence(wait, clock, () => this.#add(index)),
    )
  }

  /** What these templates depend on has changed. */
  changed(indices: Iterable<number>): void {
    for (const index of indices) {
      const wait = this.#waits[index]
      if (wait !== undefined && this.#hasSettled) wait.tick()
      else this.#add(index)
    }
  }

  /** All templates have been rendered once. */
  settle(): void {
    this.#hasSettled = true
  }

  /** Those that are due, in order, as soon as there are any; undefined once the signal aborts. */
  async take(signal: AbortSignal): Promise<readonly number[] | undefined> {
    while (this.#due.size === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          signal.removeEventListener('abort', this.#wake)
          resolve()
        }
        signal.addEventListener('abort', this.#wake, { once: true })
      })
    }
    if (signal.aborted) return undefined
    const due = [...this.#due].sort((a, b) => a - b)
    this.#due.clear()
    return due
  }

  close(): void {
    for (const wait of this.#waits) wait?.close()
  }

  #add(index: number): void {
    this.#due.add(index)
    this.#wake()
  }
}
