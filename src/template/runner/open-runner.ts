import type { Consul } from '../../consul/contract.ts'
import { systemClock } from '../../support/clock.ts'
import type { RunnerConfig } from '../config/contract.ts'
import type { DependencySource } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { consulVariables, type Environment } from './child-environment.ts'
import { Deduplication } from './dedup.ts'
import { loadTemplates, type LoadedTemplate } from './load-templates.ts'
import type { Log } from './log.ts'
import { Runner } from './runner.ts'
import type { Sharing } from './sharing.ts'

export type OpenedSource = {
  readonly source: DependencySource
  /** Told what is used when every answer is there. */
  readonly onComplete: (used: readonly Dependency[]) => void
  /** Resolves when everything is saved. */
  readonly end: () => Promise<void>
}

export type RunnerContext = {
  readonly environment: Environment
  readonly cwd: string
  out(bytes: Uint8Array | string): void
  /** Keeps answers up to date, from Consul and the disk; connects when the first is asked for. */
  openSource(config: RunnerConfig, log: Log): Promise<OpenedSource>
  /** Consul itself, for locks. */
  openConsul(config: RunnerConfig): Consul
}

/** A run, ready to begin, and its templates. Throws FairleadErrors of what cannot be read. */
export async function openRunner(
  config: RunnerConfig,
  log: Log,
  context: RunnerContext,
): Promise<{ readonly runner: Runner; readonly templates: readonly LoadedTemplate[] }> {
  const { environment, cwd } = context
  const variables = { ...environment, ...consulVariables(config.consul) }
  const templates = await loadTemplates(config, {
    environment: (name) => variables[name],
    now: () => new Date(),
    workingFolder: cwd,
    hasEffects: !config.isParseOnly,
  })
  const opened = await context.openSource(config, log)
  const runner = new Runner({
    config,
    templates,
    source: opened.source,
    sharing: sharingOf(config, templates, log, context),
    onComplete: opened.onComplete,
    onEnd: opened.end,
    log,
    environment,
    cwd,
    clock: systemClock,
    random: Math.random,
    out: (bytes) => context.out(bytes),
  })
  return { runner, templates }
}

/** A run that ends by itself shares nothing. */
function sharingOf(
  config: RunnerConfig,
  templates: readonly LoadedTemplate[],
  log: Log,
  context: RunnerContext,
): Sharing | undefined {
  const { deduplicate, isOnce, isDry } = config
  if (deduplicate === undefined || isOnce || isDry) return undefined
  return new Deduplication(context.openConsul(config), deduplicate, templates, {
    clock: systemClock,
    log,
  })
}
