import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { FairleadError, messageOf } from '../model/errors.ts'
import { writeFileAtomic } from '../support/atomic-file.ts'
import type { Problem } from '../model/problem.ts'
import type { Clock } from '../support/clock.ts'
import type { Consul } from './contract.ts'

/** What the agent that is asked says of itself (`GET /v1/agent/self`). */
export type AgentFacts = {
  readonly node: string
  readonly datacenter: string
  /** At which the other members reach it; empty when it does not say. */
  readonly address: string
}

/** Whatever is between here and the agent may have answered: nothing of it is certain. */
type SelfAnswer = {
  readonly Config?: { readonly NodeName?: unknown; readonly Datacenter?: unknown } | null
  readonly Member?: { readonly Addr?: unknown } | null
} | null

const firstPauseMs = 250
const mostPauseMs = 5000
/** A token may be given the right to ask at any time. */
const refusedPauseMs = 60_000

/**
 * Who the agent is. Kept in a file, so that it is known after a restart while the agent does not
 * answer: addresses of containers depend on it.
 */
export class AgentSelf {
  readonly #consul: Consul
  readonly #clock: Clock
  readonly #path: string
  #facts: AgentFacts | undefined
  #error = ''
  #refusal: Problem | undefined

  constructor(options: { readonly consul: Consul; readonly clock: Clock; readonly path: string }) {
    this.#consul = options.consul
    this.#clock = options.clock
    this.#path = options.path
  }

  /** Undefined: it never answered, or does not allow this token to ask. */
  get facts(): AgentFacts | undefined {
    return this.#facts
  }

  /** Why it is not known, else empty. */
  get error(): string {
    return this.#facts === undefined ? this.#error : ''
  }

  /** The agent does not tell this token who it is; undefined: it does, or does not answer at all. */
  get problem(): Problem | undefined {
    return this.#refusal
  }

  /** Takes up what an earlier run learnt; a file that is missing or no JSON is as none. */
  async load(): Promise<void> {
    try {
      this.#facts = factsOf(JSON.parse(await readFile(this.#path, 'utf8')) as SelfAnswer)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT' && !(error instanceof SyntaxError)) throw error
    }
  }

  /**
   * Asks until the agent answers, seldom while it refuses. `onNews` is called when it is another than
   * was known. A disk that cannot be written costs only what a restart would know.
   */
  async ask(onNews: () => void, signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs
    while (!signal.aborted) {
      try {
        const { value } = await this.#consul.get<SelfAnswer>('/v1/agent/self', { signal })
        this.#refusal = undefined
        return await this.#learn(value, onNews)
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error
        this.#error = messageOf(error)
        const isRefused = error.code === 'consul_refused'
        this.#refusal = isRefused
          ? { where: 'Consul', what: error.message, hint: error.hint }
          : undefined
        await this.#clock.sleep(isRefused ? refusedPauseMs : pauseMs, signal)
        pauseMs = Math.min(mostPauseMs, pauseMs * 2)
      }
    }
  }

  async #learn(answer: SelfAnswer, onNews: () => void): Promise<void> {
    const facts = factsOf(answer)
    if (JSON.stringify(facts) === JSON.stringify(this.#facts)) return
    this.#facts = facts
    onNews()
    const kept: SelfAnswer = {
      Config: { NodeName: facts.node, Datacenter: facts.datacenter },
      Member: { Addr: facts.address },
    }
    try {
      await writeFileAtomic(this.#path, `${JSON.stringify(kept)}\n`)
    } catch (error) {
      this.#error = messageOf(error)
    }
  }
}

function factsOf(answer: SelfAnswer): AgentFacts {
  const { NodeName, Datacenter } = answer?.Config ?? {}
  const address = textOf(answer?.Member?.Addr)
  return {
    node: textOf(NodeName),
    datacenter: textOf(Datacenter),
    address: isIP(address) === 0 ? '' : address,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
