import type { Observation, Provider, SourceState } from '../model/candidate.ts'
import type { Problem } from '../model/problem.ts'

/**
 * All sources that are watched, as one: their observations go to the registry, their states to
 * `status`.
 */
export class Sources {
  readonly #providers: readonly Provider[]
  readonly #accept: (observation: Observation) => void
  readonly #spoken = new Set<Provider>()
  #onSpoken: () => void = () => undefined

  constructor(options: {
    readonly providers: readonly Provider[]
    readonly accept: (observation: Observation) => void
  }) {
    this.#providers = options.providers
    this.#accept = options.accept
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#providers.map((provider) => this.#read(provider, signal)))
  }

  /** Resolves when every source has given its first full list, or the time is over. */
  async firstLists(timeoutMs: number): Promise<void> {
    if (this.haveSpoken()) return
    await new Promise<void>((resolve) => {
      // A start that a signal has ended does not stay for this.
      const timer = setTimeout(resolve, timeoutMs).unref()
      this.#onSpoken = (): void => {
        if (!this.haveSpoken()) return
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Every source has given a full list at least once; true without sources. */
  haveSpoken(): boolean {
    return this.#spoken.size === this.#providers.length
  }

  hasAnySpoken(): boolean {
    return this.#spoken.size > 0 || this.#providers.length === 0
  }

  /** Those that have not given a full list yet. */
  unspoken(): readonly SourceState[] {
    return this.#providers
      .filter((provider) => !this.#spoken.has(provider))
      .map((provider) => provider.state())
  }

  states(): readonly SourceState[] {
    return this.#providers.map((provider) => provider.state())
  }

  /** One for each source that does not answer: what is known of it may be old. */
  problems(): readonly Problem[] {
    return this.states()
      .filter((each) => each.state === 'connecting' && each.error !== '')
      .map((each) => ({
        where: each.source,
        what: `does not answer since ${new Date(each.sinceMs).toISOString()}: ${each.error}`,
        hint: 'what it said last stays in force; it is asked again until it answers',
      }))
  }

  async #read(provider: Provider, signal: AbortSignal): Promise<void> {
    for await (const observation of provider.observe(signal)) {
      this.#accept(observation)
      if (!observation.isComplete || this.#spoken.has(provider)) continue
      this.#spoken.add(provider)
      this.#onSpoken()
    }
  }
}
