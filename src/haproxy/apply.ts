import type { DesiredState } from '../model/desired-state.ts'
import type { Problem } from '../model/problem.ts'
import { StateWriteError } from '../support/atomic-file.ts'
import type { Capabilities } from './capabilities.ts'
import type { Change, Plan, RunningState } from './diff/plan.ts'
import { bindsOf } from './process/binds.ts'
import type { HaproxyRunner } from './process/runner.ts'
import { StagedFiles } from './process/staged-files.ts'
import { readBack } from './runtime/read-back.ts'
import type { KnownState } from './runtime/read-back.ts'
import { ApplyError } from './runtime/errors.ts'
import { isGone } from './runtime/removals.ts'
import type { Removals } from './runtime/removals.ts'
import { refusalOf } from './runtime/replies.ts'
import { expectationOf } from './runtime/expectation.ts'
import { splitCommand } from './runtime/words.ts'

export type PlanChanges = (
  base: RunningState,
  desired: DesiredState,
  capabilities: Capabilities,
) => Plan

export type ApplyResult = {
  readonly how: 'none' | 'runtime' | 'reload'
  /** What was changed, for people. */
  readonly changes: readonly string[]
  /** Why a reload; empty otherwise. */
  readonly reasons: readonly string[]
  /** Commands sent to HAProxy to change something. */
  readonly commands: number
  /** Things that did not hinder the change: the text could not be kept on disk. */
  readonly problems: readonly Problem[]
  /** When HAProxy had it, verified, in ms since the call; what follows is only keeping it on disk. */
  readonly verifiedMs: number
}

/** What one apply works with. `known` is what the last verified apply left behind. */
export type ApplyContext = {
  readonly haproxy: HaproxyRunner
  readonly planChanges: PlanChanges
  readonly capabilities: Capabilities
  readonly removals: Removals
  readonly known: KnownState | undefined
  readonly keep: (known: KnownState | undefined) => void
}

type Outcome = Omit<ApplyResult, 'verifiedMs' | 'problems'> & {
  readonly verifiedAt: number
  readonly problems?: readonly Problem[]
}

/**
 * Makes a desired state true in HAProxy, and proves it: by commands where they are enough, else by
 * one hitless reload. Call it one at a time.
 *
 * Guarantees: the text on disk never claims more than what was done; a rejected text is not left on
 * disk; when it throws, HAProxy goes on as before or as far as its own answers said.
 *
 * Throws ConfigRejectedError, ApplyError, StateWriteError (only where a reload is needed), and
 * HaproxyError `address_in_use`, `address_unavailable`, `reload_failed`, `haproxy_unreachable`.
 */
export async function applyDesired(
  context: ApplyContext,
  desired: DesiredState,
): Promise<ApplyResult> {
  const startedAt = performance.now()
  const outcome = await applyOnce(context, desired)
  const { verifiedAt, problems = [], ...rest } = outcome
  return { ...rest, problems, verifiedMs: verifiedAt - startedAt }
}

async function applyOnce(context: ApplyContext, desired: DesiredState): Promise<Outcome> {
  if (!context.haproxy.isRunning) return startWith(context, desired)
  const known = context.known ?? (await readRunning(context, desired))
  const plan = await decide(context, known, desired)
  if (plan.kind === 'none') return keepAsIs(context, known, desired)
  if (plan.kind === 'runtime') return runAndVerify(context, known, desired, plan)
  return reloadAndVerify(context, known, desired, plan.changes, plan.reasons)
}

/** Step 1: what HAProxy runs, read back from it in full. */
async function readRunning(context: ApplyContext, desired: DesiredState): Promise<KnownState> {
  const known = await readBack(context.haproxy, desired.files.keys())
  context.keep(known)
  return known
}

/**
 * Step 2: what must be done. Servers that wait to be deleted do not exist for the plan; one that is
 * wanted again is deleted now, or, while it still has connections, taken back into use.
 */
async function decide(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<Plan> {
  const { removals } = context
  const plan = context.planChanges(known, desired, context.capabilities)
  if (plan.kind !== 'runtime' || removals.lingering.length === 0) return plan
  const returning = plan.commands
    .map(addedServer)
    .filter((key) => key !== undefined && removals.has(key))
  if (returning.length === 0) return plan
  const keys = returning.filter((key) => key !== undefined)
  await removals.tryNow(keys)
  for (const key of keys.filter((each) => removals.has(each))) {
    const server = removals.cancel(key)
    if (server !== undefined) known.servers.set(key, server)
  }
  return context.planChanges(known, desired, context.capabilities)
}

function addedServer(command: string): string | undefined {
  return command.startsWith('add server ') ? splitCommand(command)[2] : undefined
}

/** Nothing to do for HAProxy; a text that differs only in form, or was not kept before, is kept. */
async function keepAsIs(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<Outcome> {
  const verifiedAt = performance.now()
  const problems = await persist(context, stage(context, known, desired))
  remember(context, known, desired, problems)
  return { how: 'none', changes: [], reasons: [], commands: 0, verifiedAt, problems }
}

/**
 * Step 3, by commands: run them while the new text is already being written beside the old one,
 * read back what they touched, compare, and only then rename the text into place.
 */
async function runAndVerify(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  plan: Extract<Plan, { kind: 'runtime' }>,
): Promise<Outcome> {
  const staging = stage(context, known, desired)
  // Handled where it is awaited; until then it must not count as unhandled.
  staging.catch(() => undefined)
  let failure: string | undefined
  try {
    failure = await execute(context, known, desired, plan)
  } catch (error) {
    context.keep(undefined)
    await discard(staging)
    throw error
  }
  const verifiedAt = performance.now()
  if (failure !== undefined) {
    await discard(staging)
    return reloadAndVerify(context, known, desired, plan.changes, [failure])
  }
  const problems = await persist(context, staging)
  remember(context, known, desired, problems)
  const changes = plan.changes.map((change) => change.summary)
  return {
    how: 'runtime',
    changes,
    reasons: [],
    commands: plan.commands.length,
    verifiedAt,
    problems,
  }
}

/**
 * Runs the plan's commands and looks at their effect, over one connection. Gives the reason why
 * commands were not enough; undefined when HAProxy has what was wanted.
 */
async function execute(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  plan: Extract<Plan, { kind: 'runtime' }>,
): Promise<string | undefined> {
  const { haproxy, removals } = context
  const expectation = expectationOf(plan.commands, known, desired)
  const deletions = plan.removals.map((key) => `del server ${key}`)
  const replies = await haproxy.execute([...plan.commands, ...deletions, ...expectation.questions])
  for (const [index, command] of plan.commands.entries()) {
    const refusal = refusalOf(replies[index] ?? '')
    if (refusal !== undefined) return `HAProxy refused "${command}": ${refusal}`
  }
  const difference = expectation.check(
    replies.slice(plan.commands.length + deletions.length),
    plan.removals,
  )
  if (difference !== undefined) return difference
  expectation.update(known.servers)
  for (const [index, key] of plan.removals.entries()) {
    const server = known.servers.get(key)
    known.servers.delete(key)
    const isDeleted = isGone(replies[plan.commands.length + index] ?? '')
    if (!isDeleted && server !== undefined) removals.add(key, server)
  }
  return undefined
}

/**
 * Step 3, by a reload: files into place, text checked by HAProxy, new addresses tried, the reload,
 * everything read back, and the admin states that no text can say. Whatever fails before the new
 * worker runs brings the old files back.
 */
async function reloadAndVerify(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  changes: readonly Change[],
  reasons: readonly string[],
): Promise<Outcome> {
  const { haproxy } = context
  const wasKnown = haproxy.isTextKnown
  const staged = await stage(context, known, desired)
  let isForgotten = false
  try {
    await staged.commit({ except: haproxy.configPath })
    await haproxy.validate(staged.temporaryOf(haproxy.configPath))
    await haproxy.probeBinds(bindsOf(desired.config))
    await haproxy.forgetText()
    isForgotten = true
    await staged.commit()
    await haproxy.reload()
  } catch (error) {
    await staged.rollback()
    // The old worker goes on with the text that is back on disk. Where the record cannot say so the
    // next fairlead reloads once.
    if (isForgotten && wasKnown && haproxy.isRunning)
      await haproxy.confirmText().catch(onlyUnwritable)
    context.keep(undefined)
    throw error
  }
  await staged.discard()
  const summaries = changes.map((change) => change.summary)
  return finishLoad(context, desired, { changes: summaries, reasons })
}

/** HAProxy is down: the same as a reload, but for the start. */
async function startWith(context: ApplyContext, desired: DesiredState): Promise<Outcome> {
  const { haproxy } = context
  const staged = await StagedFiles.write([...desired.files, [haproxy.configPath, desired.config]])
  try {
    await staged.commit({ except: haproxy.configPath })
    await haproxy.validate(staged.temporaryOf(haproxy.configPath))
    await haproxy.probeBinds(bindsOf(desired.config))
    await staged.commit()
    await haproxy.start()
  } catch (error) {
    await staged.rollback()
    context.keep(undefined)
    throw error
  }
  await staged.discard()
  return finishLoad(context, desired, {
    changes: ['HAProxy started'],
    reasons: ['HAProxy was not running'],
  })
}

/** Step 4, after a new worker came up: keep whose text it is, read back all, set the admin states, verify. */
async function finishLoad(
  context: ApplyContext,
  desired: DesiredState,
  result: { changes: readonly string[]; reasons: readonly string[] },
): Promise<Outcome> {
  const { haproxy, removals } = context
  removals.clear()
  context.keep(undefined)
  const problems = await confirm(haproxy)
  const known = await readBack(haproxy, desired.files.keys())
  const loaded = { ...known, config: desired.config, files: desired.files }
  const plan = context.planChanges(loaded, desired, context.capabilities)
  if (plan.kind === 'reload') throw notTaken(plan.reasons.join('; '))
  const commands = plan.kind === 'runtime' ? plan.commands.length : 0
  if (plan.kind === 'runtime') {
    const failure = await execute(context, loaded, desired, plan)
    if (failure !== undefined) throw notTaken(failure)
  }
  context.keep(loaded)
  return { how: 'reload', ...result, commands, verifiedAt: performance.now(), problems }
}

function notTaken(difference: string): ApplyError {
  return new ApplyError(
    'haproxy_refused',
    `HAProxy was reloaded and still differs from what is wanted: ${difference}`,
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

/** Writes and flushes what differs from what is on disk beside the files. */
function stage(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<StagedFiles> {
  const contents: [string, string][] = []
  for (const [path, content] of desired.files) {
    if (known.onDisk.get(path) !== content) contents.push([path, content])
  }
  const { configPath } = context.haproxy
  if (known.onDisk.get(configPath) !== desired.config) contents.push([configPath, desired.config])
  return StagedFiles.write(contents)
}

/** The files are in place, or a problem says that they are not; HAProxy has the change either way. */
async function persist(context: ApplyContext, staging: Promise<StagedFiles>): Promise<Problem[]> {
  try {
    const staged = await staging
    await staged.commit()
    await staged.discard()
    if (!context.haproxy.isTextKnown) await context.haproxy.confirmText()
    return []
  } catch (error) {
    return [problemOf(error)]
  }
}

function remember(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  problems: readonly Problem[],
): void {
  const onDisk =
    problems.length > 0
      ? known.onDisk
      : new Map([...desired.files, [context.haproxy.configPath, desired.config]])
  context.keep({ config: desired.config, files: desired.files, servers: known.servers, onDisk })
}

async function discard(staging: Promise<StagedFiles>): Promise<void> {
  const staged = await staging.catch(onlyUnwritable)
  await staged?.discard()
}

function onlyUnwritable(error: unknown): undefined {
  if (!(error instanceof StateWriteError)) throw error
  return undefined
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof StateWriteError)) throw error
  return { where: 'state folder', what: error.message, hint: error.hint }
}
