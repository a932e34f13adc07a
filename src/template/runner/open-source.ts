import { systemClock } from '../../support/clock.ts'
import type { RunnerConfig } from '../config/contract.ts'
import type { DependencySource } from '../contract.ts'
import { ConsulSource } from '../watch/consul-source.ts'
import type { Log } from './log.ts'
import { openConsul } from './open-consul.ts'
import type { OpenedSource } from './open-runner.ts'
import { AnswerKeeper, readSaved, SourceWithSaved } from './saved-answers.ts'

/**
 * What templates ask Consul and the disk; nothing is asked before something is followed. With a
 * file of saved answers the newest are kept there, and those of an earlier run stand in.
 */
export async function openSource(config: RunnerConfig, log: Log): Promise<OpenedSource> {
  const { snapshotPath, isOnce } = config
  if (snapshotPath === undefined) {
    return { source: openLive(config), onComplete: () => undefined, end: () => Promise.resolve() }
  }
  const keeper = new AnswerKeeper(snapshotPath, log, systemClock)
  const end = (): Promise<void> => keeper.close()
  const saved = await readSaved(snapshotPath, log)
  if (saved === undefined) {
    const source = openLive(config)
    return { source, onComplete: (used) => keeper.keep(used, source), end }
  }
  // There is something to go on with: Consul is asked for as long as it takes.
  const retry = isOnce ? config.consul.retry : { ...config.consul.retry, attempts: 0 }
  const live = openLive({ ...config, consul: { ...config.consul, retry } })
  const source = new SourceWithSaved(live, saved, log)
  const onComplete: OpenedSource['onComplete'] = (used) => {
    if (!source.isSaved) keeper.keep(used, source)
  }
  return { source, onComplete, end }
}

/** Closes its client too. */
function openLive(config: RunnerConfig): DependencySource {
  const consul = openConsul(config.consul)
  const source = new ConsulSource({
    consul,
    clock: systemClock,
    blockQueryWaitMs: config.blockQueryWaitMs,
    mostStaleMs: config.mostStaleMs,
    retry: config.consul.retry,
    isErrorOnFailedLookup: config.isErrorOnFailedLookup,
  })
  return {
    recall: (dependency) => source.recall(dependency),
    follow: (dependencies) => source.follow(dependencies),
    onEvent: (listener) => source.onEvent(listener),
    close() {
      source.close()
      consul.close()
    },
  }
}
