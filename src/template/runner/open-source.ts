import { systemClock } from '../../support/clock.ts'
import type { RunnerConfig } from '../config/contract.ts'
import { ConsulSource } from '../watch/consul-source.ts'
import { openConsul } from './open-consul.ts'
import type { OpenedSource } from './open-runner.ts'

/** What templates ask Consul and the disk; nothing is asked before something is followed. */
export function openSource(config: RunnerConfig): Promise<OpenedSource> {
  const consul = openConsul(config.consul)
  const source = new ConsulSource({
    consul,
    clock: systemClock,
    blockQueryWaitMs: config.blockQueryWaitMs,
    mostStaleMs: config.mostStaleMs,
    retry: config.consul.retry,
    isErrorOnFailedLookup: config.isErrorOnFailedLookup,
  })
  const close = (): void => {
    source.close()
    consul.close()
  }
  const opened = {
    recall: (dependency) => source.recall(dependency),
    follow: (dependencies) => source.follow(dependencies),
    onEvent: (listener) => source.onEvent(listener),
    close,
  } satisfies OpenedSource['source']
  return Promise.resolve({ source: opened, onComplete: () => undefined })
}
