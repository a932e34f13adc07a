import { servicePath } from '../../consul-catalogue/service-reads.ts'
import type { Carrier, Outcome } from './carrier.ts'
import { readDatacenters } from './datacenters.ts'
import { Failures } from './failures.ts'
import { fileReading } from './file-reading.ts'
import { ownNode } from './own-node.ts'
import { poll, type Polling, type PollListener } from './poll.ts'
import { repeat } from './repeat.ts'
import { keyPath, type Way } from './topic.ts'
import type { View } from './view.ts'

/** How often what cannot be waited for is looked at. */
export type PollIntervals = { readonly files: number; readonly datacenters: number }

/** Asks for one view by itself. */
export function singleCarrier(polling: Polling, everyMs: PollIntervals, outcome: Outcome): Carrier {
  const ending = new AbortController()
  const failures = new Failures(outcome.failed)
  return {
    add(view) {
      const { key } = view.topic
      const listener: PollListener = {
        onAnswer: (value) => outcome.changed(view, view.take(value)),
        onFailure: (failed) => failures.failed(key, () => view, failed),
        onSuccess: () => failures.over(key),
      }
      void run(polling, everyMs, view, listener, ending.signal)
    },
    remove: () => ending.abort(),
    failing: () => failures.list(),
    close: () => ending.abort(),
  }
}

async function run(
  polling: Polling,
  everyMs: PollIntervals,
  { topic: { way } }: View,
  listener: PollListener,
  signal: AbortSignal,
): Promise<void> {
  const { consul, clock, retry } = polling
  if (way.kind === 'file') {
    const timing = { clock, retry, everyMs: everyMs.files }
    return repeat(timing, fileReading(way.path), listener, signal)
  }
  if (way.kind === 'datacenters') {
    const timing = { clock, retry, everyMs: everyMs.datacenters }
    const read = async () => ({ value: await readDatacenters(consul, way.isAnswering, signal) })
    return repeat(timing, read, listener, signal)
  }
  if (way.kind === 'own node') {
    return poll(polling, () => ownNode(consul, way.query, signal), listener, signal)
  }
  const asked = way.kind === 'query' ? way : { path: pathOf(way), query: {} }
  return poll(polling, () => asked, listener, signal)
}

function pathOf(way: Way & { readonly kind: 'service' | 'key' }): string {
  return way.kind === 'service' ? servicePath(way.service) : keyPath(way.key)
}
