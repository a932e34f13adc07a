import type { DockerClient } from '../discovery/docker/client.ts'
import type { Candidate, Observation } from '../model/candidate.ts'
import { linesOfMapping, shortId } from './log-lines.ts'

/**
 * What the Docker provider observes, on its way to the registrar: counts containers, says of each
 * new one what of it is ignored, and finds out how those ended that nobody said it of.
 */
export class ContainerFeed {
  readonly #client: Pick<DockerClient, 'inspect'>
  readonly #log: (line: string) => void
  /** Whether exit codes decide (`-deregister on-success`). */
  readonly #needsExits: boolean
  readonly #seen = new Set<string>()
  #hasSynced = false
  /** During a resync nothing is said of what is ignored. */
  isQuiet = false

  constructor(options: {
    readonly client: Pick<DockerClient, 'inspect'>
    readonly log: (line: string) => void
    readonly needsExits: boolean
  }) {
    this.#client = options.client
    this.#log = options.log
    this.#needsExits = options.needsExits
  }

  /** Containers that run. */
  get count(): number {
    return this.#seen.size
  }

  /** The observation as the registrar is to have it. */
  async take(observation: Observation): Promise<Observation> {
    const { isComplete, upserts, removals } = observation
    if (isComplete && !this.#hasSynced)
      this.#log(`Syncing services on ${upserts.length} containers`)
    this.#hasSynced ||= isComplete
    const keys = new Set(upserts.map(({ key }) => key))
    const missing = isComplete ? [...this.#seen].filter((key) => !keys.has(key)) : []
    for (const candidate of upserts) this.#show(candidate)
    for (const key of [...removals, ...missing]) this.#seen.delete(key)
    if (!this.#needsExits) return observation
    const ended = [...removals, ...missing]
    const exits = new Map(observation.exits)
    for (const key of ended) if (!exits.has(key)) await this.#findExit(key, exits)
    // Named as removals, so that their exit codes count.
    return { ...observation, removals: ended, exits }
  }

  #show(candidate: Candidate): void {
    if (this.#seen.has(candidate.key)) return
    this.#seen.add(candidate.key)
    if (this.isQuiet) return
    for (const line of linesOfMapping(candidate)) this.#log(line)
  }

  async #findExit(key: string, exits: Map<string, number>): Promise<void> {
    const inspect = await this.#client.inspect(key).catch(() => undefined)
    const code = inspect?.State?.ExitCode
    if (code === undefined) {
      this.#log(`registrator: container ${shortId(key)} was removed, could not fetch exit code`)
    } else exits.set(key, code)
  }
}
