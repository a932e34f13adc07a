import { join } from 'node:path'
import type { Problem } from '../model/problem.ts'
import type { EmbeddedRegistry } from '../registry/embedded/embedded-registry.ts'
import type { Clock } from '../support/clock.ts'
import { Answers } from './blocking.ts'
import { Catalog } from './catalog.ts'
import { Indexes } from './indexes.ts'
import { KeptFile } from './kept-file.ts'
import { KvStore } from './kv-store.ts'
import { touchedTopics } from './kv-topics.ts'
import { keptKeys, restoredKeys, type KeptKeys } from './kept-keys.ts'
import { LocalAgent } from './local-agent.ts'
import { RegistryFeed } from './registry-feed.ts'
import { Waits } from './waits.ts'

export type ConsulApiOptions = {
  readonly registry: EmbeddedRegistry
  readonly clock: Clock
  /** Where the key-value store is kept; services are kept by the registry. */
  readonly stateFolder: string
  /** What this machine is called. */
  readonly node: string
  /** Fairlead's own version. */
  readonly version: string
  /** Address of a node by its name; 127.0.0.1 where it is not known. */
  readonly addressOf?: (node: string) => string | undefined
}

/** The key-value store's file in the state folder. */
export const keysFile = 'keys.kept'

/**
 * The embedded registry as Consul's HTTP API shows it: a catalogue of all that is registered, this
 * machine's agent, and a key-value store. The routes are in `routes/`.
 */
export class ConsulApi {
  readonly node: string
  readonly version: string
  readonly catalog: Catalog
  readonly agent: LocalAgent
  readonly keys: KvStore
  readonly waits: Waits
  readonly answers: Answers
  readonly #file: KeptFile<KeptKeys>
  readonly #registry: EmbeddedRegistry
  readonly #feed: RegistryFeed
  #loadProblems: readonly Problem[] = []

  private constructor(options: ConsulApiOptions, indexes: Indexes) {
    const { registry, clock, stateFolder, node } = options
    this.node = node
    this.version = options.version
    this.#registry = registry
    this.waits = new Waits(clock)
    const onTouched = (topics: Iterable<string>): void => this.waits.touch(topics)
    this.catalog = new Catalog({
      indexes,
      addressOf: (name) => options.addressOf?.(name) ?? '127.0.0.1',
      onTouched,
    })
    this.keys = new KvStore(indexes, (keys) => onTouched(touchedTopics(keys, this.waits.topics())))
    this.#feed = new RegistryFeed(this.catalog)
    this.answers = new Answers(this.waits, indexes, () => this.sync())
    this.#file = new KeptFile(join(stateFolder, keysFile), 'keys', () =>
      keptKeys(this.keys, indexes.current),
    )
    this.agent = new LocalAgent({ node, clock, catalog: this.catalog, registry })
  }

  /**
   * Takes up what an earlier run kept and starts its checks. A file that cannot be trusted becomes a
   * problem on show. The registry has to be loaded.
   */
  static async open(options: ConsulApiOptions): Promise<ConsulApi> {
    const { stateFolder, clock } = options
    const file = new KeptFile<KeptKeys>(join(stateFolder, keysFile), 'keys', nothing)
    const keys = await file.load()
    // A counter that went backwards would leave readers waiting for what they have missed.
    const start = Math.max(clock.now(), (keys?.index ?? 0) + 1)
    const api = new ConsulApi(options, new Indexes(start))
    api.#loadProblems = file.problems()
    api.keys.restore(restoredKeys(keys))
    api.agent.start()
    return api
  }

  /** Wakes blocked readers when the registry has changed, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#registry.changes(signal)) {
      // While nobody waits the next reader takes it up.
      if (this.waits.count > 0) this.sync()
    }
  }

  /** Brings the catalogue up to the registry's newest snapshot. */
  sync(): void {
    this.#feed.take(this.#registry.snapshot())
  }

  /** Resolves when the keys as they are now are on disk. Throws StateWriteError. */
  saveKeys(): Promise<void> {
    return this.#file.save()
  }

  problems(): readonly Problem[] {
    return [...this.#loadProblems, ...this.#file.problems()]
  }

  /** Answers whoever waits, and ends all checks. */
  async stop(): Promise<void> {
    this.waits.close()
    this.agent.stop()
    await this.#file.flush()
  }
}

function nothing(): never {
  throw new TypeError('this file is only read')
}
