import type { DockerProvider } from './discovery/docker/provider.ts'
import { FairleadError, messageOf } from './model/errors.ts'
import { Backoff } from './support/backoff.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'

type Daemon = Pick<DockerProvider, 'source' | 'isLocal' | 'relist'>

/**
 * Whether it is known at which address other hosts reach this host's containers. Before, a container
 * that runs may have no endpoint only for want of it, and nothing that is registered is taken for
 * left over.
 */
export class LocalPlaces {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #onKnown: () => void
  #daemons: readonly Daemon[] = []
  #areKnown: boolean

  constructor(options: {
    readonly clock: Clock
    readonly log: Logger
    /** Given by a setting, or by an earlier run. */
    readonly areKnown: boolean
    /** Called once, when what each daemon made of the address has been taken. */
    readonly onKnown: () => void
  }) {
    this.#clock = options.clock
    this.#log = options.log
    this.#onKnown = options.onKnown
    this.#areKnown = options.areKnown
  }

  get areKnown(): boolean {
    return this.#areKnown
  }

  /** All that containers are registered of. Those of other machines have addresses of their own. */
  follow(daemons: readonly Daemon[]): void {
    this.#daemons = daemons
    if (!daemons.some(({ isLocal }) => isLocal)) this.#areKnown = true
  }

  /**
   * The address is known, or another: the containers' addresses are too. Resolves when every daemon
   * has been listed anew, or the signal aborts. One that cannot be listed now is asked again.
   */
  async learn(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all(this.#daemons.map((daemon) => this.#relist(daemon, signal)))
    } catch (error) {
      return this.#log.error(messageOf(error))
    }
    // What was observed is taken before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    if (signal.aborted || this.#areKnown) return
    this.#areKnown = true
    this.#onKnown()
  }

  async #relist(daemon: Daemon, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(250, 5000)
    while (!signal.aborted) {
      try {
        return await daemon.relist()
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error
        this.#log.warn(`cannot list ${daemon.source} anew: ${messageOf(error)}`)
        await this.#clock.sleep(backoff.next(), signal)
      }
    }
  }
}
