import { isDue } from './alarm.ts'

/**
 * After a registration: has somebody else registered the same in this moment? The pauses between the
 * looks; a registrator that starts beside us takes seconds on a busy machine.
 */
const looksMs = [250, 1000, 4000, 15_000]
/** While somebody else has something of ours: is it still there? */
const foreignCycleMs = 5000

/** When a registry is listed next, and who waits for it. Lists are counted from 1. */
export class ListSchedule {
  readonly #cycleMs: number
  #dueMs = 0
  #started = 0
  #nextLook = looksMs.length
  #waiters: { readonly after: number; readonly resolve: () => void }[] = []

  /** `cycleMs` 0: no regular lists. */
  constructor(cycleMs: number) {
    this.#cycleMs = cycleMs
  }

  /** How many lists were asked for: what is to be listed later than now waits for a greater one. */
  get started(): number {
    return this.#started
  }

  get dueMs(): number {
    return this.#dueMs
  }

  isDue(now: number): boolean {
    return isDue(this.#dueMs, now, Math.max(this.#cycleMs, foreignCycleMs))
  }

  soon(): void {
    this.#dueMs = 0
  }

  at(dueMs: number): void {
    this.#dueMs = dueMs
  }

  /** Looks again, several times, since something was registered. */
  lookAgain(now: number): void {
    this.#nextLook = 0
    this.#dueMs = Math.min(this.#dueMs, now + (looksMs[0] ?? 0))
  }

  /** Number of the list that is asked for now. */
  start(): number {
    this.#started++
    return this.#started
  }

  /** A list was taken in. `isNextAwaited`: something already waits for a later one. */
  done(list: number, now: number, hasForeign: boolean, isNextAwaited: boolean): void {
    this.#dueMs = this.#cycleMs === 0 ? Number.POSITIVE_INFINITY : now + this.#cycleMs
    const lookMs = looksMs[this.#nextLook++]
    if (lookMs !== undefined) this.#dueMs = Math.min(this.#dueMs, now + lookMs)
    if (hasForeign) this.#dueMs = Math.min(this.#dueMs, now + foreignCycleMs)
    const waiters = this.#waiters
    this.#waiters = waiters.filter(({ after }) => after >= list)
    for (const { after, resolve } of waiters) if (after < list) resolve()
    if (isNextAwaited || this.#waiters.length > 0) this.soon()
  }

  /** Resolves when a list that is asked for from now on was taken in. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ after: this.#started, resolve })
    })
  }

  /** Nobody waits any longer. */
  end(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }
}
