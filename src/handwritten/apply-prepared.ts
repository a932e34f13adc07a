import { access, constants, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { applyDesired } from '../haproxy/apply.ts'
import type { ApplyResult } from '../haproxy/apply/context.ts'
import { Removals } from '../haproxy/apply/removals.ts'
import { sweepStaged } from '../haproxy/apply/staged-files.ts'
import type { Plan } from '../haproxy/diff/plan.ts'
import { bindsOf } from '../haproxy/process/binds.ts'
import { OneAtATime } from '../haproxy/runtime/one-at-a-time.ts'
import { StateWriteError } from '../support/atomic-file.ts'
import { systemClock } from '../support/clock.ts'
import { contextFor, writtenFiles } from './apply-context.ts'
import { writtenPaths } from './config-source.ts'
import { afterCrash, hasDied, watchReloaded } from './crash.ts'
import { HandwrittenError } from './errors.ts'
import { settleFiles } from './live-files.ts'
import { keepable } from './named-contents.ts'
import type { Prepared } from './prepare.ts'
import type { LoadedText } from './records.ts'
import { ReloadRunner } from './reload-runner.ts'

export type ApplyOptions = {
  /** How long a new worker must live and answer after a reload. */
  readonly watchMs: number
  /** Longest wait for the last connections of a removed server; then it stays in maintenance. */
  readonly lingerMs: number
  readonly now: () => number
}

export type Applied = ApplyResult & {
  /** Servers that are out of service and keep their last connections: `backend/server`. */
  readonly lingering: readonly string[]
}

/**
 * Makes a prepared configuration true: checks, an intent on disk, commands or a reload, a look at
 * the new worker, and last the record of what runs. What goes wrong leaves HAProxy and the disk as
 * they were; where it cannot, the next call finds the intent and repairs.
 *
 * Throws HandwrittenError, HaproxyError, StateWriteError.
 */
export async function applyPrepared(prepared: Prepared, options: ApplyOptions): Promise<Applied> {
  const { records, plan, next, live, haproxy } = prepared
  await settleInterrupted(prepared)
  await checkBefore(prepared)
  const loaded: LoadedText = {
    isFolder: next.isFolder,
    parts: next.parts,
    files: keepable(next.text, prepared.named.contents),
  }
  if (plan.kind !== 'none' || !prepared.isInPlace) {
    await records.writeIntent({
      at: options.now(),
      // Without commands HAProxy has what it had, however far the files were written.
      how: plan.kind === 'runtime' ? 'runtime' : 'reload',
      kinds: plan.changes.map(({ kind }) => kind),
      worker: prepared.located.observed.worker,
      before: live.parts,
      next: loaded,
    })
  }
  const kept = new Set(next.parts.map(({ path }) => path))
  const obsolete = live.parts.map(({ path }) => path).filter((path) => !kept.has(path))
  const runner = new ReloadRunner(haproxy, wholeTextPath(prepared), obsolete)
  const result = await makeTrue(prepared, runner, options)
  for (const path of obsolete) await rm(path, { force: true })
  const { pid, startedAtSeconds } = haproxy.observed?.worker ?? prepared.located.observed.worker
  await records.writeLoaded({ ...loaded, at: options.now(), worker: { pid, startedAtSeconds } })
  await records.forgetIntent()
  return result
}

/** A file is its own whole text; that of a folder is put together in the state folder. */
function wholeTextPath({ next, records }: Prepared): string {
  return next.isFolder ? join(records.folder, 'whole.cfg') : next.path
}

async function settleInterrupted({ base, next, live, records }: Prepared): Promise<void> {
  const paths = await writtenPaths([...next.parts, ...live.parts])
  await sweepStaged(
    new Set([...paths.keys(), ...paths.values(), join(records.folder, 'whole.cfg')]),
  )
  if (base.leftOver === undefined) return
  const { intent, has } = base.leftOver
  const sides = [intent.before, intent.next.parts] as const
  const [wanted, other] = has === 'before' ? sides : [sides[1], sides[0]]
  await settleFiles(wanted, other)
}

/** What can be found out before anything is changed. */
async function checkBefore(prepared: Prepared): Promise<void> {
  const { plan, isInPlace, next, haproxy, located, options } = prepared
  if (plan.kind === 'reload') {
    const canReload = located.observed.master !== undefined || options.reloadCommand !== undefined
    if (!canReload) throw cannotReload(located.socket, plan)
    await haproxy.probeBinds(bindsOf(next.text))
  }
  if (isInPlace) return
  const paths = await writtenPaths(next.parts)
  for (const folder of new Set([...paths.values()].map((path) => dirname(path)))) {
    await access(folder, constants.W_OK).catch((cause: unknown) => {
      throw new StateWriteError('state_unwritable', `cannot write to ${folder}`, {
        hint: 'run it as the user who owns the configuration',
        cause,
      })
    })
  }
}

function cannotReload(socket: string, plan: Extract<Plan, { kind: 'reload' }>): HandwrittenError {
  const why = plan.reasons.map(({ text }) => text).join('; ')
  return new HandwrittenError(
    'reload_failed',
    `this needs a reload (${why}), and ${socket} is a worker's socket, which cannot do one`,
    {
      hint: 'start HAProxy with -W -S PATH and name that socket, or give --reload-command, such as "systemctl reload haproxy"',
    },
  )
}

async function makeTrue(
  prepared: Prepared,
  runner: ReloadRunner,
  options: ApplyOptions,
): Promise<Applied> {
  const { records, live, next } = prepared
  const removals = new Removals({
    control: runner,
    lock: new OneAtATime(),
    clock: systemClock,
    // Nobody's connections are cut by a command line that wants to come to its end.
    lingerMs: Number.POSITIVE_INFINITY,
  })
  try {
    const paths = await writtenPaths([...next.parts, ...live.parts])
    const desired = { ...prepared.desired, files: writtenFiles(prepared, paths) }
    const context = contextFor(prepared, runner, removals, desired, paths)
    const result = await applyDesired(context, desired)
    if (runner.reloaded === 'done') await watchReloaded(prepared, runner, options.watchMs)
    return { ...result, lingering: await lastConnections(removals, options.lingerMs) }
  } catch (error) {
    if (await hasDied(prepared, runner, error)) throw await afterCrash(prepared, error)
    // Once HAProxy was loaded anew the new files are what it runs, also where it differs in something.
    if (runner.reloaded !== 'done') await settleFiles(live.parts, next.parts)
    // Commands that may have been run in part are for the next call to find out about.
    if (prepared.plan.kind !== 'runtime') await records.forgetIntent()
    throw error
  } finally {
    await removals.close()
  }
}

/** Servers that still have connections when the time is over. */
async function lastConnections(removals: Removals, lingerMs: number): Promise<readonly string[]> {
  const endAt = performance.now() + lingerMs
  while (removals.lingering.length > 0 && performance.now() < endAt) await systemClock.sleep(20)
  return removals.lingering
}
