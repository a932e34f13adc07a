import { hostname } from 'node:os'
import type {
  ChangeReport,
  DaemonControl,
  Explanation,
  HaproxyReport,
  ServiceRegistration,
  StatusReport,
} from './api/contract.ts'
import type { Ledger } from './api/ledger.ts'
import {
  RegistrationError,
  registrationObservation,
  registrationSource,
  registrationToCandidate,
  withMaintenance,
} from './discovery/registrations.ts'
import { parseStatistics } from './haproxy/runtime/statistics.ts'
import type { Candidate, SourceState } from './model/candidate.ts'
import { FairleadError } from './model/errors.ts'
import type { Problem } from './model/problem.ts'
import type { OperatorStore, WordChange } from './operator/operator-store.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import type { EmbeddedRegistry } from './registry/embedded/embedded-registry.ts'
import { explain } from './report/explain.ts'
import { statusReport, type ServerStatistics, type StatusInput } from './report/status.ts'
import type { Clock } from './support/clock.ts'

/** An operator or a program asked for something that is not there. Code `not_found`. */
export class ControlError extends FairleadError {}

export type ControlParts = {
  readonly instance: StatusInput['instance']
  readonly registry: EmbeddedRegistry
  readonly store: OperatorStore
  readonly pipeline: Pipeline
  readonly ledger: Ledger
  readonly clock: Clock
  readonly sources: () => readonly SourceState[]
  readonly haproxy: () => Promise<HaproxyReport>
  readonly problems: () => readonly Problem[]
  /** `show stat` as CSV. Throws HaproxyError. */
  readonly showStatistics: () => Promise<string>
  readonly isReady: () => boolean
  readonly down: () => void
}

/** What the admin API asks of the running daemon, answered from its parts. */
export function createControl(parts: ControlParts): DaemonControl {
  const { registry, store, pipeline, ledger, clock } = parts
  const registered = (id: string): Candidate => {
    const candidate = registry.candidate(registrationSource, id)
    if (candidate === undefined) {
      throw new ControlError('not_found', `Unknown service ID ${JSON.stringify(id)}`, {
        hint: 'only services registered through this API can be changed through it',
      })
    }
    return candidate
  }
  const accept = (id: string, candidate: Candidate | undefined, cause: string): void =>
    registry.accept(registrationObservation(id, candidate, cause, clock.now()))

  return {
    status: async (): Promise<StatusReport> =>
      statusReport({
        pipeline: pipeline.state(),
        words: store.words(),
        sources: parts.sources(),
        haproxy: await parts.haproxy(),
        statistics: await serverStatistics(parts.showStatistics),
        registry: { kind: 'embedded' },
        problems: [...parts.problems(), ...registry.problems(), ...store.problems()],
        instance: parts.instance,
      }),

    explain: async (subject): Promise<Explanation> => {
      const explanation = explain(subject, {
        pipeline: pipeline.state(),
        statistics: await serverStatistics(parts.showStatistics),
      })
      if (explanation === undefined) {
        throw new ControlError('not_found', `nothing called ${JSON.stringify(subject)} was seen`, {
          hint: 'give a container name or id, a service, an endpoint id or a URL; `fairlead status` lists them',
        })
      }
      return explanation
    },

    setWord: async (endpoint, word: WordChange): Promise<void> => {
      const isKnown = pipeline.state().routing?.placements.has(endpoint) === true
      if (!isKnown && !store.words().has(endpoint)) {
        throw new ControlError('not_found', `no endpoint ${JSON.stringify(endpoint)}`, {
          hint: '`fairlead status` lists the endpoints',
        })
      }
      await store.setWord(endpoint, word)
      pipeline.trigger(`operator: ${wordText(word)} ${endpoint}`, clock.now())
    },

    register: (registration: ServiceRegistration): Promise<void> =>
      attempt(() => {
        const id =
          registration.ID === undefined || registration.ID === ''
            ? registration.Name
            : registration.ID
        const previous = registry.candidate(registrationSource, id)
        const candidate = registrationToCandidate(registration, {
          node: hostname(),
          nowMs: clock.now(),
          previous,
        })
        refuseForeignId(candidate, registry)
        accept(candidate.key, candidate, `register ${candidate.key}`)
      }),

    deregister: (id): Promise<void> =>
      attempt(() => accept(registered(id).key, undefined, `deregister ${id}`)),

    setMaintenance: (id, isEnabled, reason): Promise<void> =>
      attempt(() => {
        const cause = `maintenance ${isEnabled ? 'on' : 'off'} ${id}`
        accept(id, withMaintenance(registered(id), isEnabled, reason), cause)
      }),

    confirm: () =>
      Promise.reject(
        new ControlError('not_found', 'nothing is held back: the registry is the embedded one'),
      ),

    recentChanges: (): readonly ChangeReport[] => ledger.recent(),
    changes: (signal): AsyncIterable<ChangeReport> => ledger.changes(signal),
    isReady: parts.isReady,
    statistics: parts.showStatistics,
    down: () => attempt(parts.down),
  }
}

/** A registration must not take the id of something that another source says. */
function refuseForeignId(candidate: Candidate, registry: EmbeddedRegistry): void {
  const rival = registry.holder(candidate.key)
  if (rival === undefined || rival.kind === 'registration') return
  throw new RegistrationError(
    'usage',
    `the id ${candidate.key} belongs to ${rival.kind} ${rival.name}`,
    {
      hint: 'register under another ID',
    },
  )
}

/** By `backend/server`; empty when HAProxy does not answer, which the report then shows as such. */
async function serverStatistics(
  showStatistics: () => Promise<string>,
): Promise<ReadonlyMap<string, ServerStatistics>> {
  let csv: string
  try {
    csv = await showStatistics()
  } catch (error) {
    if (error instanceof FairleadError) return new Map()
    throw error
  }
  return new Map(
    parseStatistics(csv)
      .filter((row) => row.kind === 'server')
      .map((row) => [`${row.proxy}/${row.server}`, row]),
  )
}

function wordText(word: WordChange): string {
  const weight = word.weight === undefined ? [] : [`weight ${word.weight ?? 'auto'}`]
  return [...(word.state === undefined ? [] : [word.state]), ...weight].join(', ')
}

/** The result of something synchronous as a promise, a throw as a rejection. */
function attempt(action: () => void): Promise<void> {
  return new Promise((resolve) => {
    action()
    resolve()
  })
}
