import type { DesiredState } from '../../model/desired-state.ts'
import { FairleadError } from '../../model/errors.ts'
import { withoutKeys } from '../../model/file-digest.ts'
import type { Problem } from '../../model/problem.ts'
import type { Change, Plan, ReloadReason } from '../diff/plan.ts'
import { bindsOf } from '../process/binds.ts'
import type { HaproxyRunner } from '../process/runner.ts'
import { ApplyError } from '../runtime/errors.ts'
import { showCommand } from '../runtime/words.ts'
import { runPlan } from './commands.ts'
import type { ApplyContext, Outcome } from './context.ts'
import { filesOf, onlyUnwritable, problemOf, stageText } from './files.ts'
import { readBack, withText } from './read-back.ts'
import type { KnownState } from './read-back.ts'
import { StagedFiles, sweepStaged, thoseThatDiffer } from './staged-files.ts'
import type { Trial } from './trial.ts'

/**
 * One hitless reload: files into place, text checked by HAProxy, new addresses tried, the reload.
 * Whatever fails before the new worker runs brings the old files back, and HAProxy goes on as it was.
 * `fallback` is what is known then; undefined: it must be read back.
 */
export async function reloadWith(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  why: { readonly changes: readonly Change[]; readonly reasons: readonly ReloadReason[] },
  fallback: KnownState | undefined,
): Promise<Outcome> {
  const { haproxy, trials } = context
  const wasKnown = haproxy.isTextKnown
  const reasons = why.reasons.map(({ text }) => text)
  let isForgotten = false
  const { staged, trial } = await beginTrial(context, desired, reasons, () =>
    stageText(context, known, desired),
  )
  try {
    // Whoever starts it again must not find files that are about to be taken back.
    if (!haproxy.isOurs) await haproxy.refresh()
    await staged.commit({ except: haproxy.configPath })
    await haproxy.validate(staged.temporaryOf(haproxy.configPath))
    await haproxy.probeBinds(bindsOf(desired.config))
    await trial?.loading()
    await haproxy.forgetText()
    isForgotten = true
    await staged.commit()
    await haproxy.reload()
  } catch (error) {
    await staged.rollback()
    await trial?.cancel()
    // Without an answer nobody knows which text runs: then the next apply reads back and reloads.
    const goesOn = error instanceof FairleadError && error.code !== 'haproxy_unreachable'
    context.keep(goesOn ? fallback : undefined)
    if (isForgotten && !goesOn) trials?.blame(desired, reasons)
    // The old worker goes on with the text that is back on disk. Where the record cannot say so the
    // next fairlead reloads once.
    if (goesOn && isForgotten && wasKnown) await haproxy.confirmText().catch(onlyUnwritable)
    throw error
  }
  await staged.release(trial?.loaded() ?? new Set())
  const changes = why.changes.map((change) => change.summary)
  return finishLoad(context, desired, { changes, reasons: why.reasons })
}

/** HAProxy is down: the same, but for the start. */
export async function startWith(context: ApplyContext, desired: DesiredState): Promise<Outcome> {
  const { haproxy, trials } = context
  const wanted = filesOf(haproxy.configPath, desired)
  await sweepStaged(
    wanted.map(([path]) => path),
    trials?.kept,
  )
  const reason = 'HAProxy was not running'
  const { staged, trial } = await beginTrial(context, desired, [reason], async () =>
    StagedFiles.write(trials === undefined ? wanted : await thoseThatDiffer(wanted)),
  )
  let isLoading = false
  try {
    await staged.commit({ except: haproxy.configPath })
    await haproxy.validate(staged.temporaryOf(haproxy.configPath))
    await haproxy.probeBinds(bindsOf(desired.config))
    await trial?.loading()
    await staged.commit()
    isLoading = true
    await haproxy.start()
  } catch (error) {
    await staged.rollback()
    await trial?.cancel()
    if (isLoading) trials?.blame(desired, [reason])
    throw error
  }
  await staged.release(trial?.loaded() ?? new Set())
  return finishLoad(context, desired, {
    changes: ['HAProxy started'],
    reasons: [{ kind: 'start', text: reason }],
  })
}

/** Writes the new contents beside their files, and has the old ones kept. Throws StateWriteError. */
async function beginTrial(
  { trials }: ApplyContext,
  desired: DesiredState,
  reasons: readonly string[],
  stage: () => Promise<StagedFiles>,
): Promise<{ readonly staged: StagedFiles; readonly trial: Trial | undefined }> {
  const staged = await stage()
  try {
    return { staged, trial: await trials?.begin(staged.kept, reasons, desired) }
  } catch (error) {
    await staged.discard()
    throw error
  }
}

/**
 * After a new worker came up: keeps whose text it is, reads everything back, sets the admin states
 * that the text could not say, and verifies.
 */
async function finishLoad(
  context: ApplyContext,
  desired: DesiredState,
  result: { readonly changes: readonly string[]; readonly reasons: readonly ReloadReason[] },
): Promise<Outcome> {
  const { haproxy, removals } = context
  removals.clear()
  context.keep(undefined)
  const problems = await confirm(haproxy)
  const read = await readBack(haproxy, desired.files.keys())
  const known = withText({ ...read, files: loadedFiles(desired, read) }, desired)
  const plan = planLoaded(context, known, desired)
  if (plan.kind === 'reload') throw notTaken(plan.reasons.map(({ text }) => text).join('; '))
  const commands = plan.kind === 'runtime' ? plan.commands.map(showCommand) : []
  if (plan.kind === 'runtime') {
    const failure = await runPlan(context, known, desired, plan)
    if (failure !== undefined) throw notTaken(failure)
  }
  const { servers } = desired
  const files = withoutKeys(desired.files)
  context.keep(withText({ ...read, files, agreedStates: servers }, desired))
  return { how: 'reload', ...result, commands, verifiedAt: performance.now(), problems }
}

/**
 * What is still to be done after a load. A file that no command could bring cannot be compared entry
 * by entry either (a map's key without a value); the worker has just read it, so it has it.
 */
function planLoaded(context: ApplyContext, known: KnownState, desired: DesiredState): Plan {
  const plan = context.planChanges(known, desired, context.capabilities)
  const isOfFiles = plan.kind === 'reload' && plan.reasons.every(({ kind }) => kind === 'file')
  if (!isOfFiles) return plan
  const loaded = withText({ ...known, files: desired.files }, desired)
  return context.planChanges(loaded, desired, context.capabilities)
}

/** Map files as HAProxy reads them back, everything else as it was loaded. */
function loadedFiles(desired: DesiredState, read: KnownState): Map<string, string> {
  return new Map(
    [...desired.files].map(([path, content]) => [path, read.files.get(path) ?? content]),
  )
}

function notTaken(difference: string): ApplyError {
  return new ApplyError(
    'haproxy_refused',
    `HAProxy was loaded anew and still differs from what is wanted: ${difference}`,
  )
}

async function confirm(haproxy: HaproxyRunner): Promise<Problem[]> {
  try {
    await haproxy.confirmText()
    return []
  } catch (error) {
    return [problemOf(error)]
  }
}
