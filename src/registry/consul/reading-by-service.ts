import {
  follow,
  wantedNames,
  type Reading,
  type ServiceNames,
} from '../../consul-catalogue/reading.ts'
import { ServiceWatch } from './service-watch.ts'

/** Up to so many services are asked of the leader too: that is a connection more for each. */
const mostOfLeader = 16

/**
 * Reads a small catalogue: one watch on the names of all services, and one on each of them. Resolves
 * when there are more than `mostServices`, or the signal aborts.
 */
export async function readByService(
  reading: Reading,
  mostServices: number,
  signal: AbortSignal,
): Promise<void> {
  const end = new AbortController()
  const abort = (): void => end.abort()
  signal.addEventListener('abort', abort, { once: true })
  const watches = new Map<string, { readonly end: AbortController; readonly watch: ServiceWatch }>()
  const running: Promise<void>[] = []

  const start = (service: string): void => {
    const one = new AbortController()
    const watch = new ServiceWatch(reading, service, one.signal)
    watches.set(service, { end: one, watch })
    running.push(watch.run())
  }
  const onNames = (names: readonly string[]): void => {
    if (names.length > mostServices) return end.abort()
    reading.expect([...names, ...reading.knownServices()])
    const wanted = new Set(names)
    const isLeaderWanted = names.length <= mostOfLeader
    if (!isLeaderWanted) for (const { watch } of watches.values()) watch.wantLeader(false)
    for (const service of names) if (!watches.has(service)) start(service)
    for (const service of new Set([...watches.keys(), ...reading.knownServices()])) {
      if (wanted.has(service)) continue
      watches.get(service)?.end.abort()
      watches.delete(service)
      // Its last instance went, or it was there before the start: one read says so.
      reading.reads.mark({ service, expectation: undefined })
    }
    if (isLeaderWanted) for (const { watch } of watches.values()) watch.wantLeader(true)
  }
  try {
    if (signal.aborted) end.abort()
    await follow<ServiceNames>(reading, {
      path: '/v1/catalog/services',
      signal: end.signal,
      onAnswer: ({ value }) => onNames(wantedNames(reading, value)),
    })
  } finally {
    signal.removeEventListener('abort', abort)
    for (const { end: one } of watches.values()) one.abort()
    await Promise.all(running)
  }
}
