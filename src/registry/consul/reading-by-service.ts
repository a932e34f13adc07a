import type { HealthEntry } from '../../consul/types.ts'
import {
  follow,
  wantedNames,
  type Reading,
  type ServiceNames,
} from '../../consul-catalogue/reading.ts'
import { servicePath } from '../../consul-catalogue/service-reads.ts'

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
  const watches = new Map<string, AbortController>()
  const running: Promise<void>[] = []

  const start = (service: string): void => {
    const one = new AbortController()
    watches.set(service, one)
    running.push(watchService(reading, service, one.signal))
  }
  const onNames = (names: readonly string[]): void => {
    if (names.length > mostServices) return end.abort()
    reading.expect([...names, ...reading.knownServices()])
    const wanted = new Set(names)
    for (const service of names) if (!watches.has(service)) start(service)
    for (const service of new Set([...watches.keys(), ...reading.knownServices()])) {
      if (wanted.has(service)) continue
      watches.get(service)?.abort()
      watches.delete(service)
      // Its last instance went, or it was there before the start: one read says so.
      reading.reads.mark({ service, expectation: undefined })
    }
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
    for (const one of watches.values()) one.abort()
    await Promise.all(running)
  }
}

function watchService(reading: Reading, service: string, signal: AbortSignal): Promise<void> {
  return follow<readonly HealthEntry[]>(reading, {
    path: servicePath(service),
    signal,
    onAnswer: ({ value, index }) => {
      reading.reads.noteIndex(service, index)
      reading.onAnswer(service, value)
    },
    onFailure: () => reading.onFailure(service),
  })
}
