import type { AdminState, DesiredState } from '../../model/desired-state.ts'
import type { Capabilities } from '../capabilities.ts'
import { parseConfig } from '../config/parse.ts'
import { ConfigSyntaxError } from '../config/syntax-error.ts'
import type { RunningServer } from '../control.ts'
import { lazy } from '../../support/lazy.ts'
import { compareStructure } from './compare-structure.ts'
import type { Structure } from './compare-structure.ts'
import { byBackend } from './by-backend.ts'
import { hasServers, layOut } from './layout.ts'
import { massReason } from './mass.ts'
import { planBackend } from './plan-backend.ts'
import type { BackendCase } from './plan-backend.ts'
import { referencedServers } from './server-references.ts'
import { planFiles } from './plan-files.ts'
import type { Change, Plan, ReloadReason, RunningState } from './plan.ts'
import { scanServers } from './scan-servers.ts'
import { inOrder } from './steps.ts'
import type { Step } from './steps.ts'
import { touchedBackends } from './touched-backends.ts'
import { driftedBackends, noDrift, planWholeBackends } from './whole-backends.ts'

/**
 * What must be done so that HAProxy runs the desired state: nothing, commands, or a reload with its
 * reasons. Which servers exist, where, with what weight and admin state, is taken from the read-back
 * in `base.servers`; their other parameters from the line in `base.config`.
 *
 * Throws ConfigSyntaxError when the desired text cannot be split into words where it differs.
 */
export function planChanges(
  base: RunningState,
  desired: DesiredState,
  capabilities: Capabilities,
): Plan {
  if (!isKnown(base)) return reloadBecause('the running configuration is not known')
  try {
    return compare(base, desired, capabilities)
  } catch (error) {
    const problem = error instanceof ConfigSyntaxError ? syntaxError(base.config) : undefined
    if (problem === undefined) throw error
    return reloadBecause(`the running configuration cannot be read: ${problem.message}`)
  }
}

type KnownState = RunningState & { readonly config: string }

/** Does not have the text put together where its sections are known. */
function isKnown(base: RunningState): base is KnownState {
  return base.sections !== undefined || base.config !== undefined
}

function compare(base: KnownState, desired: DesiredState, capabilities: Capabilities): Plan {
  const [before, after] = [layOut(base, capabilities), layOut(desired, capabilities)]
  const structure = compareStructure(before, after, capabilities, base)
  const touched = touchedBackends(base, desired, structure)
  const drift = touched === undefined ? driftedBackends(base.backends, before, after) : noDrift()
  const referenced = lazy(() => referencedServers(before))
  const common = { capabilities, isReferenced: (key: string) => referenced().has(key) }
  const whole = planWholeBackends({ base, desired, structure, drift, ...common })
  const steps: Step[] = [...structure.steps, ...whole.steps]
  const reasons = [...structure.reasons, ...whole.reasons]
  for (const backend of touched ?? allBackends(base, desired, structure)) {
    if (drift.missing.includes(backend.after)) continue
    const found = planBackend({ ...backend, ...common })
    steps.push(...found.steps)
    reasons.push(...found.reasons)
  }
  const files = planFiles(base, desired)
  steps.push(...files.steps)
  reasons.push(...files.reasons)
  const mass = reasons.length === 0 ? massReason(steps, base.servers, capabilities) : undefined
  if (mass !== undefined) reasons.push(mass)
  return assemble(steps, reasons, structure.reasons)
}

/** Every backend, with all its servers compared with what is running. */
function* allBackends(
  base: RunningState,
  desired: DesiredState,
  structure: Structure,
): Generator<BackendCase> {
  const runningByBackend = byBackend(base.servers)
  const adminByBackend = byBackend(desired.servers)
  for (const pair of structure.pairs) {
    if (!hasServers(pair.after) || pair.before.isConditional || pair.after.isConditional) continue
    const running = runningByBackend.get(pair.after.name) ?? new Map<string, RunningServer>()
    const admin = adminByBackend.get(pair.after.name) ?? new Map<string, AdminState>()
    yield { ...pair, scan: scanServers(pair, running, admin), running, admin }
  }
}

function syntaxError(config: string): ConfigSyntaxError | undefined {
  try {
    parseConfig(config)
    return undefined
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return error
    throw error
  }
}

function reloadBecause(reason: string): Plan {
  return { kind: 'reload', changes: [], reasons: [{ kind: 'unknown', text: reason }] }
}

function assemble(
  steps: readonly Step[],
  reasons: readonly ReloadReason[],
  structural: readonly ReloadReason[],
): Plan {
  const ordered = inOrder(steps)
  const changes = ordered.map(({ change }) => change)
  if (reasons.length > 0) {
    const structure = structural.map(({ text }): Change => ({
      kind: 'structure',
      summary: text,
      commands: [],
    }))
    return { kind: 'reload', changes: [...structure, ...changes], reasons }
  }
  if (changes.length === 0) return { kind: 'none', changes: [] }
  return {
    kind: 'runtime',
    changes,
    commands: changes.flatMap(({ commands }) => commands),
    removals: ordered.flatMap(({ removal }) => (removal === undefined ? [] : [removal])),
  }
}
