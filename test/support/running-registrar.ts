import { consulOptions } from '../../src/consul/address.ts'
import { ConsulClient } from '../../src/consul/client.ts'
import type { Candidate } from '../../src/model/candidate.ts'
import { ConsulBackend, firstAgent } from '../../src/registration/consul-backend.ts'
import { asRegistratorDoes } from '../../src/registration/endpoint-to-registration.ts'
import { Registrar } from '../../src/registration/registrar.ts'
import type { RegistrarEvent } from '../../src/registration/registrar-events.ts'
import type { RegistrarOptions } from '../../src/registration/registrar-options.ts'
import {
  containerId,
  labSource,
  observation,
} from '../../src/registration/testing/registrar-lab.ts'
import { systemClock } from '../../src/support/clock.ts'

/** A registrar that runs on a real agent. */
export class RunningRegistrar {
  readonly registrar: Registrar
  readonly events: RegistrarEvent[] = []
  readonly #stop = new AbortController()
  readonly #run: Promise<void>
  readonly #backend: ConsulBackend

  constructor(uri: string, options: Partial<RegistrarOptions> = {}, token = '') {
    const environment = token === '' ? {} : { CONSUL_HTTP_TOKEN: token }
    const consul = new ConsulClient(firstAgent(consulOptions(uri, environment)))
    this.#backend = new ConsulBackend({ consul })
    this.registrar = new Registrar({
      backend: this.#backend,
      clock: systemClock,
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
    this.#run = this.registrar.run(this.#stop.signal)
  }

  list(...upserts: readonly Candidate[]): void {
    this.registrar.accept(observation({ isComplete: true, upserts }))
  }

  up(...upserts: readonly Candidate[]): void {
    this.registrar.accept(observation({ upserts }))
  }

  die(...numbers: readonly number[]): void {
    this.registrar.accept(observation({ removals: numbers.map(containerId) }))
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#run
    this.#backend.close()
  }
}
