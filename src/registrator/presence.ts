import type { Consul } from '../consul/contract.ts'
import { watch } from '../consul/watch.ts'
import type { Clock } from '../support/clock.ts'

/** Nodes with this meta: there are none, so the answers are empty and come when asked for. */
const nobody = 'fairlead-presence:none'

/**
 * Tells when a Consul agent answers again after it did not: it may have been restarted without
 * what it knew. One blocking query is always open, so the end of the agent is seen at once, with
 * nothing to ask again and again. Runs until the signal aborts.
 */
export async function watchPresence(options: {
  readonly consul: Consul
  readonly clock: Clock
  readonly onReturn: () => void
  readonly signal: AbortSignal
}): Promise<void> {
  const { consul, clock, onReturn, signal } = options
  let wasAway = false
  const answers = watch(consul, '/v1/catalog/nodes', {
    query: { 'node-meta': nobody, stale: true },
    clock,
    onState: ({ state }) => {
      if (state === 'waiting') wasAway = true
      else if (wasAway) {
        wasAway = false
        onReturn()
      }
    },
    signal,
  })
  for await (const _ of answers) {
    // Only whether it answers is of interest, not what.
  }
}
