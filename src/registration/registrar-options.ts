import type { Clock } from '../support/clock.ts'
import type { RegistrationBackend } from './backend.ts'
import type { Dangling } from './compare.ts'
import type { RegistrarEvent } from './registrar-events.ts'
import type { DeregisterMode } from './removal.ts'
import type { WantedOptions } from './wanted.ts'

export type RegistrarOptions = WantedOptions & {
  readonly backend: RegistrationBackend
  readonly clock: Clock
  /** Names of all sources that will be heard; nothing dangles before each gave a full list. */
  readonly sources: readonly string[]
  readonly deregister: DeregisterMode
  /** The registry is listed and repaired this often; 0: only after it was away. */
  readonly cycleMs: number
  /**
   * What somebody else has registered under the same address is not registered a second time. Only
   * with `registration.isOwnerMarked`: it tells ours from theirs.
   */
  readonly isForeignRespected: boolean
  /** Undefined: services that nobody wants stay. */
  readonly dangling: Dangling | undefined
  readonly onEvent?: (event: RegistrarEvent) => void
}
