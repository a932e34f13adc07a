import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError } from '../model/errors.ts'
import { runPlan } from './apply/commands.ts'
import type { ApplyContext, ApplyResult, Outcome } from './apply/context.ts'
import { decide } from './apply/decide.ts'
import { discardText, persistText, rememberText, stageText } from './apply/files.ts'
import { announce, settle } from './apply/intent.ts'
import { reloadWith, startWith } from './apply/load.ts'
import { readBack } from './apply/read-back.ts'
import type { KnownState } from './apply/read-back.ts'
import { hasToWait, withServersOf } from './apply/servers-only.ts'
import { sweepStaged } from './apply/staged-files.ts'
import type { Plan } from './diff/plan.ts'
import { workerOf } from './process/runner.ts'
import { HaproxyError } from './runtime/errors.ts'
import { showCommand } from './runtime/words.ts'

/**
 * Makes a desired state true in HAProxy, and proves it: by commands where they are enough, else by
 * one hitless reload; HAProxy is started where it is down. Call it one at a time.
 *
 * Guarantees: the text on disk never claims more than what was done; a rejected text is not left on
 * disk; when it throws, HAProxy goes on with what it had; where only the reload could not be done, its
 * servers are those that are wanted.
 *
 * Throws ConfigRejectedError, ApplyError, StateWriteError (only where a reload is needed), and
 * HaproxyError `address_in_use`, `address_unavailable`, `reload_failed`, `haproxy_unreachable`.
 */
export async function applyDesired(
  context: ApplyContext,
  desired: DesiredState,
): Promise<ApplyResult> {
  const startedAt = performance.now()
  const { verifiedAt, ...result } = await makeTrue(context, desired)
  return { ...result, verifiedMs: verifiedAt - startedAt }
}

async function makeTrue(context: ApplyContext, desired: DesiredState): Promise<Outcome> {
  if (!context.haproxy.isRunning) return bringUp(context, desired)
  const running = context.known ?? (await readRunning(context, desired))
  const { plan, known } = await decide(context, running, desired)
  if (plan.kind === 'none') return keepAsIs(context, known, desired)
  if (plan.kind === 'runtime') return runAndVerify(context, known, desired, plan)
  const verdict = context.trials?.verdictOn(desired)
  if (verdict !== undefined) {
    await followServers(context, known, desired).catch(onlyFairleadErrors)
    throw verdict
  }
  const wait = await context.reloadWait()
  if (wait !== undefined) {
    const followed = await followServers(context, known, desired)
    // What commands cannot bring at all does not wait for the next interval.
    if (followed !== undefined || wait.by === 'workers') {
      const { state, ...done } = followed ?? { ...nothingDone(), state: undefined }
      return { ...done, deferred: { ...wait, reasons: plan.reasons, state } }
    }
  }
  try {
    return await reloadWith(context, known, desired, plan, known)
  } catch (error) {
    // What it throws is not told: the reload's own failure says more, and a repair begins with it.
    if (hasToWait(error)) await followServers(context, known, desired).catch(onlyFairleadErrors)
    throw error
  }
}

/**
 * The reload cannot be done now; servers that come and go do not wait for it. Gives what was done,
 * and the state that is in force then if it is another than before; undefined where commands cannot
 * bring it.
 */
async function followServers(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<(Outcome & { readonly state: DesiredState | undefined }) | undefined> {
  const frozen = new Set<string>()
  for (;;) {
    const servers = withServersOf(known, desired, frozen)
    if (servers === undefined) return undefined
    const { plan, known: base } = await decide(context, known, servers)
    if (plan.kind === 'none') return { ...nothingDone(), state: undefined }
    if (plan.kind === 'runtime') {
      return { ...(await runAndVerify(context, base, servers, plan)), state: servers }
    }
    // Backends whose servers HAProxy cannot change keep theirs; the others do not wait for them.
    const before = frozen.size
    for (const { section } of plan.reasons) if (section !== undefined) frozen.add(section)
    if (frozen.size === before) return undefined
  }
}

/**
 * HAProxy is down. It is started with what is wanted; where that is what ended it, or cannot be
 * started, with the text that ran before and the servers that are wanted, and then the reason is
 * thrown. One that is not ours to start keeps its files: it may be starting, and reading them, just now.
 */
async function bringUp(context: ApplyContext, desired: DesiredState): Promise<Outcome> {
  const { haproxy, trials } = context
  if (!haproxy.isOurs) await haproxy.start()
  let failure: unknown = (await trials?.takeCrash()) ?? trials?.verdictOn(desired)
  if (failure === undefined) {
    try {
      return await startWith(context, desired)
    } catch (error) {
      if (trials === undefined || context.haproxy.isRunning) throw error
      failure = error
    }
  }
  await startLastGood(context, desired).catch(onlyFairleadErrors)
  throw failure
}

/** Throws what HAProxy says to the text on disk. */
async function startLastGood(context: ApplyContext, desired: DesiredState): Promise<void> {
  await context.haproxy.start()
  context.trials?.restarted()
  await followServers(context, await readRunning(context, desired), desired)
}

function nothingDone(): Outcome {
  const verifiedAt = performance.now()
  return { how: 'none', changes: [], reasons: [], commands: [], verifiedAt, problems: [] }
}

/**
 * What HAProxy runs, read back from it in full: at first, and after it did not answer. Servers that
 * waited to be deleted are among it, so the plan decides anew about them.
 */
async function readRunning(context: ApplyContext, desired: DesiredState): Promise<KnownState> {
  await sweepStaged([...desired.files.keys(), context.haproxy.configPath], context.trials?.kept)
  context.removals.clear()
  const known = await readBack(context.haproxy, desired.files.keys())
  context.keep(known)
  return known
}

/** Nothing to do for HAProxy; a text that differs only in form, or was not kept before, is kept. */
async function keepAsIs(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<Outcome> {
  const verifiedAt = performance.now()
  const written = await persistText(stageText(context, known, desired))
  rememberText(context, known, desired, written)
  const problems = await settle(context.haproxy, written)
  return { how: 'none', changes: [], reasons: [], commands: [], verifiedAt, problems }
}

/**
 * By commands: they run while the new text is already being written beside the old one; what they
 * touched is read back and compared, and only then the text is renamed into place. Where HAProxy
 * refuses or differs, one reload repairs it.
 */
async function runAndVerify(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  plan: Extract<Plan, { kind: 'runtime' }>,
): Promise<Outcome> {
  const worker = workerOf(context.haproxy)
  const staging = stageText(context, known, desired)
  // It is awaited below; a failure before that must not count as one that nobody handles.
  staging.catch(() => undefined)
  let failure: string | undefined
  try {
    await announce(context.haproxy, plan.changes)
    failure = await runPlan(context, known, desired, plan)
  } catch (error) {
    context.keep(undefined)
    await discardText(staging)
    throw error
  }
  if (failure !== undefined) {
    await discardText(staging)
    const reasons = [{ kind: 'refused', text: failure } as const]
    const why = { changes: plan.changes, reasons }
    return reloadWith(context, known, desired, why, undefined)
  }
  const verifiedAt = performance.now()
  const written = await persistText(staging)
  if (workerOf(context.haproxy) !== worker) {
    context.keep(undefined)
    throw new HaproxyError('haproxy_unreachable', 'the worker that was changed does not serve now')
  }
  rememberText(context, known, desired, written)
  const problems = await settle(context.haproxy, written)
  return {
    how: 'runtime',
    changes: plan.changes.map((change) => change.summary),
    reasons: [],
    commands: plan.commands.map(showCommand),
    verifiedAt,
    problems,
  }
}

function onlyFairleadErrors(error: unknown): void {
  if (!(error instanceof FairleadError)) throw error
}
