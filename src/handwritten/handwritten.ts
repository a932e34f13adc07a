import { access, constants } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { applyPrepared } from './apply-prepared.ts'
import type { ApplyOptions } from './apply-prepared.ts'
import { HandwrittenError } from './errors.ts'
import { prepare } from './prepare.ts'
import { planReport } from './report.ts'
import type { ApplyReport, PlanReport } from './report.ts'
import { findSite } from './site.ts'
import type { HandwrittenOptions, Site } from './site.ts'
import { LockError, takeLock } from '../support/lock-file.ts'
import { makeOwnFolder } from '../support/own-folder.ts'

/** What an apply of this configuration would do; nothing is written. Throws what `prepare` throws. */
export async function planHandwritten(options: HandwrittenOptions): Promise<PlanReport> {
  return planReport(await prepare(await findSite(options)))
}

/**
 * Applies a configuration that people wrote to a running HAProxy. `onPlan` is told what will be
 * done, before it is. One at a time for each HAProxy.
 * Throws what `prepare` and `applyPrepared` throw, and LockError `already_running`.
 */
export async function applyHandwritten(
  options: HandwrittenOptions & ApplyOptions,
  onPlan: (report: PlanReport) => void,
): Promise<ApplyReport> {
  const release = await lockFor(await findSite(options))
  try {
    // Looked for anew: another apply may have ended just before the lock was had.
    const prepared = await prepare(await findSite(options))
    const plan = planReport(prepared)
    onPlan(plan)
    // It comes to run another text than the one that `fairlead up`, not running now, knows it by.
    if (prepared.plan.kind !== 'none') await prepared.located.attached?.forget()
    const { how, commands, reasons, verifiedMs, problems, lingering } = await applyPrepared(
      prepared,
      options,
    )
    const result = {
      how,
      commands,
      reasons: reasons.map(({ text }) => text),
      verifiedMs,
      lingering,
      problems: problems.map(({ what }) => what),
    }
    return { ...plan, result }
  } finally {
    await release()
  }
}

/** Resolves to the release. Throws FolderError, HandwrittenError `already_running`. */
async function lockFor(site: Site): Promise<() => Promise<void>> {
  const { records, located, options } = site
  // Who may write to one of them could put another folder in place of what is in it.
  for (const folder of [options.stateFolder, dirname(records.folder), records.folder])
    await makeOwnFolder(folder)
  const release = located.isManaged
    ? await lockManaged(options.stateFolder)
    : await lockAgainstApply(records.lockPath)
  try {
    const releaseLive = await lockLive(site.livePath)
    return async () => {
      await releaseLive()
      await release()
    }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * Beside what HAProxy loads, for an apply with another state folder. Where that folder cannot be
 * written to neither can the configuration.
 */
async function lockLive(livePath: string): Promise<() => Promise<void>> {
  const isWritable = await access(dirname(livePath), constants.W_OK).then(
    () => true,
    () => false,
  )
  return isWritable ? lockAgainstApply(`${livePath}.fairlead.lock`) : () => Promise.resolve()
}

function lockAgainstApply(path: string): Promise<() => Promise<void>> {
  return takeLock(path).catch((error: unknown) => {
    if (!(error instanceof LockError)) throw error
    throw new HandwrittenError(
      'already_running',
      'another fairlead apply to this HAProxy is under way',
      {
        hint: 'wait for its end',
        cause: error,
      },
    )
  })
}

/** The HAProxy of `fairlead up` has one who writes its text already, unless that one has ended. */
async function lockManaged(stateFolder: string): Promise<() => Promise<void>> {
  const path = join(stateFolder, 'lock')
  return takeLock(path).catch((error: unknown) => {
    if (!(error instanceof LockError)) throw error
    throw new HandwrittenError(
      'already_running',
      'fairlead up keeps this HAProxy, and would undo the change at once',
      {
        hint: "change the containers' labels or fairlead's settings; fairlead plan shows what would differ",
        cause: error,
      },
    )
  })
}
