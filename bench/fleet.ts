import { accepts, inTurns } from './stage/containers.ts'
import type { Containers, Mode, RunningContainer } from './stage/containers.ts'

// Two processors carry the load, the front and Docker's work: more at a time only queues.
const width = 2

const allModes: readonly Mode[] = ['linger', 'instant', 'ignore']

/** The containers of some services: scaled, replaced and killed as in an eventful day. */
export class Fleet {
  readonly #containers: Containers
  readonly #image: string
  readonly #services = new Map<string, { modes: readonly Mode[]; running: RunningContainer[] }>()
  started = 0
  /** Ended with requests under way perhaps: killed, or gone at once at SIGTERM. */
  endedAbruptly = 0

  constructor(containers: Containers, image: string) {
    this.#containers = containers
    this.#image = image
  }

  /** Starts or stops containers until there are so many; the modes are taken in turn. */
  async scale(service: string, count: number, modes: readonly Mode[] = allModes): Promise<void> {
    const known = this.#services.get(service) ?? { modes, running: [] }
    this.#services.set(service, known)
    const lacking = Math.max(0, count - known.running.length)
    const added = await inTurns(
      Array.from({ length: lacking }, () => service),
      width,
      (name) => this.#start(name, known.modes),
    )
    known.running.push(...added)
    await inTurns(known.running.splice(count), width, (each) => this.#stop(each))
  }

  /** Replaces every container, a new one first; of one service one at a time. */
  async replaceAll(): Promise<void> {
    await inTurns([...this.#services], width, async ([service, { modes, running }]) => {
      for (const [index, old] of [...running].entries()) {
        running[index] = await this.#start(service, modes)
        await this.#stop(old)
      }
    })
  }

  /** Ends the newest containers of a service by SIGKILL, one after the other. */
  async kill(service: string, count: number): Promise<void> {
    const running = this.#services.get(service)?.running ?? []
    for (const container of running.splice(-count)) {
      this.endedAbruptly += 1
      await this.#containers.kill(container)
      await this.#containers.remove(container)
    }
  }

  /** Resolves when the web server accepts connections. */
  async #start(service: string, modes: readonly Mode[]): Promise<RunningContainer> {
    const mode = modes[this.started % modes.length] ?? 'linger'
    this.started += 1
    const created = await this.#containers.create({ image: this.#image, service, mode })
    const container = await this.#containers.start(created)
    await accepts(container.address, 80)
    return container
  }

  async #stop(container: RunningContainer): Promise<void> {
    if (container.mode === 'instant') this.endedAbruptly += 1
    await this.#containers.stop(container)
    await this.#containers.remove(container)
  }
}
