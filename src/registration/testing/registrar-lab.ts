import type { Candidate, Observation } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import { ManualClock } from '../../support/clock.ts'
import { asRegistratorDoes } from '../endpoint-to-registration.ts'
import { MemoryBackend } from '../memory-backend.ts'
import { Registrar } from '../registrar.ts'
import type { RegistrarOptions } from '../registrar-options.ts'
import type { RegistrarEvent } from '../registrar-events.ts'

/** A source's name in these tests. */
export const labSource = 'docker:pi1'

export const containerId = (number: number): string => `${number}`.padStart(64, 'c')

/** A container with one service, `pi1:web-N:80` at 10.0.0.N:80. */
export function labContainer(number: number, values: Partial<Endpoint> = {}): Candidate {
  const name = `web-${number}`
  const endpoint: Endpoint = {
    id: `pi1:${name}:80`,
    service: 'web',
    node: 'pi1',
    address: `10.0.0.${number}`,
    port: 80,
    exposedPort: 80,
    protocol: 'tcp',
    tags: [],
    meta: {},
    labels: {},
    health: 'passing',
    healthReason: '',
    isHealthReported: false,
    draining: undefined,
    identity: `identity of ${name}`,
    startedAtMs: 1000 + number,
    ...values,
  }
  return {
    key: containerId(number),
    kind: 'container',
    name,
    node: 'pi1',
    image: 'demo',
    endpoints: [endpoint],
    problems: [],
    decisions: [],
  }
}

export const idOf = (number: number): string => `pi1:web-${number}:80`

/** A registrar on a back end in memory, by a clock that stands still. */
export class RegistrarLab {
  readonly backend: MemoryBackend
  readonly clock = new ManualClock()
  readonly events: RegistrarEvent[] = []
  readonly registrar: Registrar
  readonly #stop = new AbortController()
  #run: Promise<void> | undefined

  constructor(options: Partial<RegistrarOptions> = {}, backend = new MemoryBackend()) {
    this.backend = backend
    this.registrar = new Registrar({
      backend,
      clock: this.clock,
      sources: [labSource],
      registration: asRegistratorDoes,
      deregister: 'always',
      deregisterOn: 'die',
      isMaintenanceFollowed: false,
      cycleMs: 0,
      isForeignRespected: false,
      dangling: undefined,
      onEvent: (event) => this.events.push(event),
      ...options,
    })
  }

  /** Starts, and waits until everything possible is done. */
  async start(): Promise<void> {
    this.#run = this.registrar.run(this.#stop.signal)
    await this.rest()
  }

  /** Waits until everything that can be done without the clock moving is done. */
  async rest(): Promise<void> {
    await this.clock.advance(0)
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
    await this.clock.advance(0)
  }

  /** Lets time pass, in steps that let writes end between. */
  async pass(ms: number, stepMs = ms / 10): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.clock.advance(stepMs)
      await this.rest()
    }
  }

  /** The full list of this source. */
  async list(...containers: readonly Candidate[]): Promise<void> {
    await this.observe({ isComplete: true, upserts: containers })
  }

  async up(...containers: readonly Candidate[]): Promise<void> {
    await this.observe({ upserts: containers })
  }

  async die(number: number, exitCode?: number): Promise<void> {
    const key = containerId(number)
    await this.observe({
      removals: [key],
      ...(exitCode === undefined ? {} : { exits: new Map([[key, exitCode]]) }),
    })
  }

  async observe(values: Partial<Observation>): Promise<void> {
    this.registrar.accept(observation(values))
    await this.rest()
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind)
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#run
  }
}

export function observation(values: Partial<Observation>): Observation {
  return {
    source: labSource,
    isComplete: false,
    upserts: [],
    removals: [],
    cause: 'test',
    eventAtMs: undefined,
    ...values,
  }
}
