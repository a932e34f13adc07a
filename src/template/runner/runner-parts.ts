import type { Clock } from '../../support/clock.ts'
import type { RunnerConfig } from '../config/contract.ts'
import type { DependencySource } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { Environment } from './child-environment.ts'
import type { LoadedTemplate } from './load-templates.ts'
import type { Log } from './log.ts'
import type { Sharing } from './sharing.ts'

/** What a run is made of. */
export type RunnerParts = {
  readonly config: RunnerConfig
  readonly templates: readonly LoadedTemplate[]
  readonly source: DependencySource
  /** Undefined: it asks for everything itself. */
  readonly sharing: Sharing | undefined
  /** Told after each round what is used, when no answer is missing. */
  readonly onComplete: (used: readonly Dependency[]) => void
  /** Waited for at the end. */
  readonly onEnd: () => Promise<void>
  readonly log: Log
  readonly environment: Environment
  readonly cwd: string
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  /** Standard output. */
  out(bytes: Uint8Array): void
}
