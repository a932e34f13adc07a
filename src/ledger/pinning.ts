import type { PinReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { readPin, removePin, writePin, type Pin } from './pin-file.ts'
import { PinnedStructure, type PinnedState } from './pinned-state.ts'

/** What is applied, and why it is not what routing wants. */
export type Steered = PinnedState & { readonly pinnedTo: number | undefined }

const nothing: ReadonlySet<string> = new Set()

/**
 * The generation that structure and settings are pinned to, kept on disk. While there is none, or it
 * cannot be joined with what lives now, what routing wants is applied.
 */
export class Pinning {
  readonly #path: string
  #pin: Pin | undefined
  #structure: PinnedStructure | undefined
  #loadProblem: Problem | undefined
  #joinProblem: Problem | undefined

  constructor(path: string) {
    this.#path = path
  }

  async load(): Promise<void> {
    const { pin, problem } = await readPin(this.#path)
    this.#loadProblem = problem
    if (pin !== undefined) this.#hold(pin)
  }

  get pin(): PinReport | undefined {
    if (this.#pin === undefined) return undefined
    const { generation, sinceMs } = this.#pin
    return { generation, sinceMs }
  }

  /** The pin with its state, to set it again. */
  get held(): Pin | undefined {
    return this.#pin
  }

  problems(): readonly Problem[] {
    return [this.#loadProblem, this.#joinProblem].filter((each) => each !== undefined)
  }

  /**
   * On disk when it resolves, and in force with the next `steer`. Throws PinError where it cannot be
   * joined with what lives now, and StateWriteError; then the pin is what it was.
   */
  async set(pin: Pin, live: DesiredState): Promise<void> {
    new PinnedStructure(pin.state).withServersOf(live)
    await writePin(this.#path, pin)
    this.#loadProblem = undefined
    this.#hold(pin)
  }

  /** Off the disk when it resolves. */
  async clear(): Promise<void> {
    await removePin(this.#path)
    this.#pin = undefined
    this.#structure = undefined
    this.#joinProblem = undefined
  }

  /** Throws nothing: a pin that cannot be joined with what lives now is a problem, and not applied. */
  steer(wanted: DesiredState): Steered {
    const unsteered = { desired: wanted, leftOut: nothing, pinnedTo: undefined }
    if (this.#pin === undefined || this.#structure === undefined) return unsteered
    try {
      const pinned = this.#structure.withServersOf(wanted)
      this.#joinProblem = undefined
      return { ...pinned, pinnedTo: this.#pin.generation }
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      this.#joinProblem = this.#problemOf(error)
      return unsteered
    }
  }

  #hold(pin: Pin): void {
    this.#pin = pin
    try {
      this.#structure = new PinnedStructure(pin.state)
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      this.#structure = undefined
      this.#joinProblem = this.#problemOf(error)
    }
  }

  #problemOf(error: FairleadError): Problem {
    const generation = this.#pin?.generation ?? 0
    const what = `generation ${generation} is pinned but not in force: ${messageOf(error)}`
    return { where: 'pin', what, hint: '`fairlead unpin` ends it' }
  }
}
