import type {
  ChangeReport,
  DaemonControl,
  Explanation,
  HaproxyReport,
  StatusReport,
} from './api/contract.ts'
import type { Cluster } from './daemon-cluster.ts'
import type { DaemonHistory } from './daemon-history.ts'
import type { DaemonRegistry } from './daemon-registry.ts'
import { parseStatistics } from './haproxy/runtime/statistics.ts'
import { FairleadError } from './model/errors.ts'
import type { Problem } from './model/problem.ts'
import type { OperatorStore, WordChange } from './operator/operator-store.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { explain } from './report/explain.ts'
import { statusReport, type ServerStatistics, type StatusInput } from './report/status.ts'
import type { Clock } from './support/clock.ts'

/** An operator or a program asked for something that is not there. Code `not_found`. */
export class ControlError extends FairleadError {}

export type ControlParts = {
  readonly instance: StatusInput['instance']
  readonly registry: DaemonRegistry
  readonly store: OperatorStore
  readonly pipeline: Pipeline
  readonly history: DaemonHistory
  /** Differences that were found in HAProxy and left as they are. */
  readonly drift: () => readonly string[]
  readonly clock: Clock
  readonly haproxy: () => Promise<HaproxyReport>
  readonly problems: () => readonly Problem[]
  /** `show stat` as CSV. Throws HaproxyError. */
  readonly showStatistics: () => Promise<string>
  /** Load balancers of the same Consul; undefined: the registry is embedded. */
  readonly cluster: Pick<Cluster, 'report'> | undefined
  readonly isReady: () => boolean
  readonly down: () => void
}

/** What the admin API asks of the running daemon, answered from its parts. */
export function createControl(parts: ControlParts): DaemonControl {
  const { registry, store, pipeline, history, clock } = parts

  return {
    status: async (): Promise<StatusReport> =>
      statusReport({
        pipeline: pipeline.state(),
        words: store.words(),
        sources: registry.sources.states(),
        haproxy: await parts.haproxy(),
        statistics: await serverStatistics(parts.showStatistics),
        registry: registry.report(),
        problems: [
          ...registry.problems(),
          ...parts.problems(),
          ...store.problems(),
          ...history.problems(),
        ],
        pin: history.pin,
        drift: parts.drift(),
        instance: parts.instance,
      }),

    cluster: async (isKnown) => (await parts.cluster?.report(isKnown)) ?? { kind: 'embedded' },

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

    confirm: (service) => Promise.resolve().then(() => registry.confirm(service)),

    recentChanges: (): readonly ChangeReport[] => history.ledger.recent(),
    changes: (signal): AsyncIterable<ChangeReport> => history.ledger.changes(signal),
    history: (most, before) => history.list(most, before),
    generation: (id) => history.generation(id),
    diff: (from, to, isText) => history.diff(from, to, isText, pipeline.state().target?.desired),
    rollback: (id) => history.rollback(id, pipeline),
    unpin: () => history.unpin(pipeline),
    isReady: parts.isReady,
    statistics: parts.showStatistics,
    down: () => attempt(parts.down),
  }
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
