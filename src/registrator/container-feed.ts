import type { DockerClient } from '../discovery/docker/client.ts'
import type { Candidate, Observation } from '../model/candidate.ts'
import type { RegistrationOptions } from '../registration/endpoint-to-registration.ts'
import { linesOfMapping, linesOfProblems, shortId, staleLine } from './log-lines.ts'
import { endedStep } from './map-container.ts'

/**
 * What the Docker provider observes, on its way to the registrar: counts containers, says of each
 * new one what of it is ignored, and where exit codes decide, finds out those that nobody said.
 */
export class ContainerFeed {
  readonly #client: Pick<DockerClient, 'inspect'>
  readonly #log: (line: string) => void
  readonly #needsExits: boolean
  readonly #registration: RegistrationOptions
  /** As they were when they ran. */
  readonly #seen = new Map<string, Candidate>()
  #hasSynced = false
  /** During a resync nothing is said of what is ignored. */
  isQuiet = false

  constructor(options: {
    readonly client: Pick<DockerClient, 'inspect'>
    readonly log: (line: string) => void
    /** Exit codes decide (`-deregister on-success`). */
    readonly needsExits: boolean
    /** How its services are registered: what of them is left out is said as well. */
    readonly registration: RegistrationOptions
  }) {
    this.#client = options.client
    this.#log = options.log
    this.#needsExits = options.needsExits
    this.#registration = options.registration
  }

  /** Containers that run. */
  get count(): number {
    return this.#seen.size
  }

  /** The observation as the registrar is to have it. */
  async take(observation: Observation): Promise<Observation> {
    const { isComplete, upserts } = observation
    if (isComplete && !this.#hasSynced) {
      this.#log(`Syncing services on ${upserts.length} containers`)
    }
    this.#hasSynced ||= isComplete
    const listed = new Set(upserts.map(({ key }) => key))
    const missed = isComplete ? [...this.#seen.keys()].filter((key) => !listed.has(key)) : []
    const taken = this.#needsExits ? await this.#withExits(observation, missed) : observation
    for (const candidate of taken.upserts) this.#show(candidate)
    // No event told of these; of what a full list misses, and is not named here, the registrar does.
    if (isComplete || this.isQuiet) for (const key of taken.removals) this.#log(staleLine(key))
    for (const key of [...taken.removals, ...missed]) this.#seen.delete(key)
    return taken
  }

  #show(candidate: Candidate): void {
    const isNew = !this.#seen.has(candidate.key)
    this.#seen.set(candidate.key, candidate)
    if (!isNew || this.isQuiet) return
    for (const line of linesOfMapping(candidate)) this.#log(line)
    for (const line of linesOfProblems(candidate, this.#registration)) this.#log(line)
  }

  /**
   * A container that runs again already keeps its services; its start is the next observation. So
   * does one that was seen to have ended before the event that says how.
   */
  async #withExits(observation: Observation, missed: readonly string[]): Promise<Observation> {
    const exits = new Map(observation.exits)
    const removals: string[] = []
    for (const key of [...observation.removals, ...missed]) {
      const inspect = await this.#client.inspect(key).catch(() => undefined)
      const code = exits.get(key) ?? inspect?.State?.ExitCode
      if (inspect?.State?.Running === true && !missed.includes(key)) {
        this.#log(`registrator: not removing container ${shortId(key)}, still running`)
        continue
      }
      removals.push(key)
      if (code !== undefined) exits.set(key, code)
      else {
        this.#log(`registrator: container ${shortId(key)} was removed, could not fetch exit code`)
      }
    }
    const upserts = observation.upserts.map((each) => {
      const hasEnded = each.decisions.some(({ step }) => step === endedStep)
      return hasEnded ? (this.#seen.get(each.key) ?? each) : each
    })
    // What a full list misses is named as removed, so that its exit code counts.
    return { ...observation, upserts, removals, exits }
  }
}
