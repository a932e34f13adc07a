import { createDockerProvider } from '../../src/discovery/docker/provider.ts'
import type { DockerProvider, DockerProviderOptions } from '../../src/discovery/docker/provider.ts'
import type { Candidate, Observation } from '../../src/model/candidate.ts'
import { waitUntil } from './wait-until.ts'

/** A provider that runs, what it said, and what that amounts to. */
export class WatchedDocker {
  readonly provider: DockerProvider
  readonly said: Observation[] = []
  /** When each of them came (Unix ms, with fractions). */
  readonly saidAtMs: number[] = []
  readonly candidates = new Map<string, Candidate>()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(url: string, options: Partial<DockerProviderOptions> = {}) {
    this.provider = createDockerProvider({
      host: { name: undefined, url, certFolder: undefined },
      network: undefined,
      usePublished: false,
      publishedAddress: undefined,
      ...options,
    })
    this.#running = this.#read()
  }

  async #read(): Promise<void> {
    for await (const observation of this.provider.observe(this.#stop.signal)) {
      this.saidAtMs.push(performance.timeOrigin + performance.now())
      this.said.push(observation)
      if (observation.isComplete) this.candidates.clear()
      for (const key of observation.removals) this.candidates.delete(key)
      for (const each of observation.upserts) this.candidates.set(each.key, each)
    }
  }

  async connected(): Promise<this> {
    await waitUntil('connected', () => this.provider.state().state === 'connected')
    await waitUntil('a full list', () => this.said.length > 0)
    return this
  }

  causes(): string[] {
    return this.said.map((each) => each.cause)
  }

  async saidFor(cause: string): Promise<Observation> {
    await waitUntil(cause, () => this.causes().includes(cause))
    return this.said.find((each) => each.cause === cause) as Observation
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
