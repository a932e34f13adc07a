import type { Answer } from '../../consul/contract.ts'
import type { HealthEntry } from '../../consul/types.ts'
import { watch } from '../../consul/watch.ts'
import { follow, watchWaitMs, type Reading } from '../../consul-catalogue/reading.ts'
import { servicePath } from '../../consul-catalogue/service-reads.ts'

/** So long any server may be behind the leader before the service is read by itself. */
const mostBehindMs = 1000

/**
 * Follows one service. Any server may answer, as one does also without a leader; but a server that
 * is not the leader learns of a write only with the leader's next message, 50 to 100 ms later where
 * nothing else is written (hashicorp/raft, `CommitTimeout`). So where it is such a server that
 * answers the leader is asked too, and whoever is first counts; what fails there is of no concern.
 */
export class ServiceWatch {
  readonly #reading: Reading
  readonly #service: string
  readonly #signal: AbortSignal
  #isLeaderWanted = false
  #leader: { readonly end: AbortController; readonly done: Promise<void> } | undefined
  /** Of the last answers of the leader and of any server. */
  #leaderIndex = 0
  #serverIndex = 0
  #isChecking = false

  constructor(reading: Reading, service: string, signal: AbortSignal) {
    this.#reading = reading
    this.#service = service
    this.#signal = signal
  }

  /** Until the signal aborts. */
  async run(): Promise<void> {
    await follow<readonly HealthEntry[]>(this.#reading, {
      path: servicePath(this.#service),
      signal: this.#signal,
      onAnswer: (answer) => this.#fromServer(answer),
      onFailure: () => this.#reading.onFailure(this.#service),
    })
    this.wantLeader(false)
    await this.#leader?.done
  }

  /** Whether there is a connection to spare for the leader's answers. */
  wantLeader(isWanted: boolean): void {
    this.#isLeaderWanted = isWanted
    if (!isWanted) this.#leader?.end.abort()
  }

  #fromServer({ value, index, lastContactMs }: Answer<readonly HealthEntry[]>): void {
    this.#serverIndex = index
    // The leader itself says 0.
    if (lastContactMs > 0) this.#startLeader()
    if (this.#leader === undefined) return this.#take(index, value)
    if (index === this.#leaderIndex) return
    if (index >= this.#newest) return this.#take(index, value)
    if (!this.#isChecking) void this.#check()
  }

  /** A server that stays behind is another Consul's by now, or of one that lost its state. */
  async #check(): Promise<void> {
    const { clock, reads } = this.#reading
    this.#isChecking = true
    await clock.sleep(mostBehindMs, this.#signal)
    this.#isChecking = false
    if (this.#signal.aborted || this.#serverIndex >= this.#newest) return
    reads.mark({ service: this.#service, expectation: undefined })
  }

  #startLeader(): void {
    const { leader, clock } = this.#reading
    if (leader === undefined || !this.#isLeaderWanted || this.#leader !== undefined) return
    const end = new AbortController()
    const answers = watch<readonly HealthEntry[]>(leader, servicePath(this.#service), {
      clock,
      waitMs: watchWaitMs,
      signal: end.signal,
    })
    const read = async (): Promise<void> => {
      for await (const { value, index } of answers) {
        if (index <= this.#newest) continue
        this.#leaderIndex = index
        this.#take(index, value)
      }
      this.#leader = undefined
    }
    this.#leader = { end, done: read() }
  }

  /** Index of what was taken last, from whomever; 0 after Consul lost its state. */
  get #newest(): number {
    return this.#reading.reads.indexOf(this.#service)
  }

  #take(index: number, value: readonly HealthEntry[]): void {
    this.#reading.reads.noteIndex(this.#service, index)
    this.#reading.onAnswer(this.#service, value)
  }
}
