import type { HaproxyReport } from './api/contract.ts'
import type { ListenAddress } from './api/listen.ts'
import type { Applier } from './haproxy/applier.ts'
import type { ApplyResult } from './haproxy/apply/context.ts'
import type { DesiredState } from './model/desired-state.ts'
import type { Paths } from './daemon-settings.ts'
import type { DaemonRegistry } from './daemon-registry.ts'
import { bindsOf } from './haproxy/process/binds.ts'
import { WatchedHaproxy } from './haproxy/process/attached-watch.ts'
import { HaproxyProcess } from './haproxy/process/haproxy-process.ts'
import type { RunningServer } from './haproxy/control.ts'
import { findHaproxy } from './haproxy/process/program.ts'
import { isAway } from './haproxy/runtime/errors.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
import { parseInfo } from './haproxy/runtime/info.ts'
import { parseServers, showServersCommand } from './haproxy/runtime/servers.ts'
import { ownContainerIds } from './discovery/docker/own-container.ts'
import { FairleadError, messageOf } from './model/errors.ts'
import type { ChangeEntry } from './pipeline/change-entry.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { watchOwnNetwork } from './readiness/own-network.ts'
import type { Settings } from './settings/settings.ts'
import type { Logger } from './support/log.ts'
import type { Releases } from './support/releases.ts'

/** The start could not be finished. Codes of the table in model/errors.ts. */
export class StartError extends FairleadError {}

const startedHaproxyGraceMs = 1_000

/**
 * The HAProxy of this instance: adopted if one is running, else its addresses are probed, so that a
 * busy port ends the start before anything else happens. A HAProxy that this start brought up is
 * ended again when the start fails.
 */
export async function prepareHaproxy(settings: Settings, paths: Paths): Promise<HaproxyInstance> {
  if (settings.haproxySocket !== undefined) return attach(settings.haproxySocket, paths)
  const haproxy = new HaproxyProcess({
    program: await findHaproxy(settings.haproxy),
    configPath: paths.config,
    masterSocket: paths.masterSocket,
    workerSocket: paths.workerSocket,
    logPath: paths.log,
    recordPath: paths.record,
  })
  if (!(await haproxy.adopt())) {
    await haproxy.probeBinds(bindsOf(settings.http.map((address) => `bind ${address}`).join('\n')))
  }
  return haproxy
}

/**
 * Whether this container has lost its network since. Only a container loses it for good; a host's
 * cable may be out for a moment.
 */
export async function watchContainerNetwork(): Promise<() => boolean> {
  const isLost = watchOwnNetwork()
  const isInContainer = (await ownContainerIds()).size > 0
  return () => isInContainer && isLost()
}

/** Somebody else's HAProxy; where it does not run yet it is waited for. */
async function attach(socket: string, paths: Paths): Promise<HaproxyInstance> {
  const haproxy = new WatchedHaproxy({
    socket,
    configPath: paths.config,
    recordPath: paths.attachedRecord,
  })
  try {
    await haproxy.find()
    if (haproxy.isRunning && haproxy.observed?.master === undefined) {
      throw new StartError(
        'setting_invalid',
        `${socket} is a worker's socket, and a reload needs the master's`,
        { hint: 'start HAProxy with -W -S PATH, and give that path as --haproxy-socket' },
      )
    }
    return haproxy
  } catch (error) {
    haproxy.close()
    throw error
  }
}

/**
 * The servers that an adopted HAProxy sends requests to and finds up, by `backend/server`; none where
 * it has gone away meanwhile.
 */
export async function servingServers(
  haproxy: Pick<HaproxyInstance, 'isAdopted' | 'isRunning' | 'execute'>,
): Promise<ReadonlyMap<string, RunningServer>> {
  if (!haproxy.isAdopted || !haproxy.isRunning) return new Map()
  const [reply = ''] = await haproxy.execute([showServersCommand()]).catch(unlessAway)
  return new Map(
    [...parseServers(reply)].filter(
      ([, server]) => server.admin === 'ready' && server.operational === 'running',
    ),
  )
}

/** Ends what a failed start has brought up; an adopted HAProxy serves on. */
export async function abandonHaproxy(haproxy: HaproxyInstance): Promise<void> {
  if (haproxy.isRunning && !haproxy.isAdopted) await haproxy.stop(startedHaproxyGraceMs)
  else haproxy.close()
}

/**
 * Waits until something is known that may be applied: each source has given its list, or the
 * snapshot file has its last good state. A source of which nothing is known is waited for while it
 * may still answer, since without it an adopted HAProxy would lose its servers; an indispensable one
 * (Consul) for as long as it takes. With nothing known at all that wait goes on; and without a
 * HAProxy to protect, the start fails with the reason.
 */
export async function requireKnowledge(options: {
  readonly registry: Pick<DaemonRegistry, 'sources' | 'restored' | 'indispensable'>
  readonly haproxy: Pick<HaproxyInstance, 'isAdopted'>
  readonly log: Logger
  readonly firstListMs: number
  readonly signal: AbortSignal
}): Promise<void> {
  const { registry, haproxy, log, firstListMs, signal } = options
  const { sources, restored, indispensable } = registry
  const unknown = () => sources.unspoken().filter(({ source }) => !restored.has(source))
  const mayAnswer = () => unknown().some(({ error }) => error === '')
  await sources.firstLists(firstListMs)
  while (mayAnswer() && !signal.aborted && (haproxy.isAdopted || !sources.hasAnySpoken())) {
    await sources.firstLists(firstListMs)
  }
  const missing = () => unknown().filter(({ source }) => indispensable.has(source))
  if (haproxy.isAdopted && missing().length > 0) {
    log.warn('Consul does not answer and nothing is known from before; HAProxy serves on unchanged')
    while (missing().length > 0 && !signal.aborted) await sources.firstLists(firstListMs)
  }
  if (sources.hasAnySpoken()) return
  if (haproxy.isAdopted ? unknown().length < sources.states().length : restored.size > 0) return
  if (!haproxy.isAdopted) throw nothingKnown(registry)
  log.warn('no Docker daemon answers and nothing is known from before; HAProxy serves on unchanged')
  while (!sources.hasAnySpoken() && !signal.aborted) await sources.firstLists(firstListMs)
}

function nothingKnown({
  sources,
  indispensable,
}: Pick<DaemonRegistry, 'sources' | 'indispensable'>): StartError {
  const states = sources.states()
  const reasons = states.map((each) => `${each.source}: ${each.error || 'no answer'}`).join('; ')
  if (states.every(({ source }) => indispensable.has(source))) {
    return new StartError('consul_unreachable', `Consul does not answer (${reasons})`, {
      hint: 'see that its agent runs, and that --registry and the CONSUL_ variables are right',
    })
  }
  return new StartError('docker_unreachable', `no Docker daemon answers (${reasons})`, {
    hint: 'start Docker, name another daemon with --docker URL, or use --docker none',
  })
}

/**
 * Runs the first pass; throws what kept it from being applied when there is no HAProxy to go on with,
 * and none that somebody else may start yet.
 */
export async function firstApply(pipeline: Pipeline, haproxy: HaproxyInstance): Promise<void> {
  await pipeline.firstPass()
  const error = pipeline.state().error
  if (error instanceof Error && !haproxy.isRunning && haproxy.isOurs) throw error
}

/** Also keeps, for the next fairlead, that HAProxy runs what is on disk now; a reload has kept it itself. */
export async function applyAndKeep(
  applier: Applier,
  haproxy: HaproxyInstance,
  desired: DesiredState,
): Promise<ApplyResult> {
  const result = await applier.applyDesired(desired)
  if (result.how === 'reload') return result
  try {
    await haproxy.keepText()
    return result
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error
    const problem = { where: 'state folder', what: error.message, hint: error.hint }
    return { ...result, problems: [...result.problems, problem] }
  }
}

/** What has happened when HAProxy calls back, for people. */
export function exitWords(haproxy: HaproxyInstance): { said: string; cause: string } {
  if (haproxy.isOurs)
    return { said: 'HAProxy has ended; starting it again', cause: 'HAProxy ended' }
  if (!haproxy.isRunning)
    return { said: 'HAProxy does not answer; waiting for it', cause: 'HAProxy ended' }
  return { said: 'HAProxy was started or reloaded by someone else', cause: 'HAProxy started' }
}

/** Runs beside everything else; its end is waited for, its failure ends nothing but is logged. */
export function background(
  what: string,
  task: Promise<void>,
  run: { readonly log: Logger; readonly releases: Releases },
): void {
  const watched = task.catch((error: unknown) => {
    run.log.error(`${what} failed: ${messageOf(error)}`)
  })
  run.releases.push(what, () => watched)
}

/**
 * As `background`, for a task without which fairlead would be up and follow nothing: its failure
 * ends the daemon, so that whoever watches over it starts it anew. HAProxy serves on.
 */
export function essential(
  what: string,
  task: Promise<void>,
  run: { readonly log: Logger; readonly releases: Releases; readonly fail: () => void },
): void {
  const failing = task.catch((error: unknown) => {
    run.fail()
    throw error
  })
  background(what, failing, run)
}

export function listenAddresses(settings: Settings, paths: Paths): readonly ListenAddress[] {
  const unix: ListenAddress = { kind: 'unix', path: paths.adminSocket }
  const match = /^(.*):(\d+)$/.exec(settings.admin ?? '')
  if (match === null) return [unix]
  const host = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1')
  return [unix, { kind: 'tcp', host, port: Number(match[2]) }]
}

/** `show info` is asked for, so that the limits shown are those HAProxy has really taken. */
export async function haproxyReport(haproxy: HaproxyInstance): Promise<HaproxyReport> {
  const fields = await workerFields(haproxy)
  const number = (name: string): number => Number(fields.get(name) ?? 0)
  return {
    connections: number('CurrConns'),
    maxConnections: number('Maxconn'),
    maxFiles: number('Ulimit-n'),
    version: haproxy.version,
    masterPid: haproxy.masterPid,
    workerPid: haproxy.workerPid,
    state: haproxy.isRunning ? 'running' : 'down',
    isAdopted: haproxy.isAdopted,
    reloads: haproxy.reloads,
  }
}

async function workerFields(haproxy: HaproxyInstance): Promise<ReadonlyMap<string, string>> {
  if (!haproxy.isRunning) return new Map()
  try {
    const [reply = ''] = await haproxy.execute(['show info'])
    return parseInfo(reply)?.fields ?? new Map()
  } catch (error) {
    // It may just be ending; `state` says so.
    if (error instanceof FairleadError) return new Map()
    throw error
  }
}

export function logChange(log: Logger, change: ChangeEntry): void {
  const ms = change.eventToDoneMs ?? change.seenToDoneMs
  const fields = {
    causes: change.causes,
    ...(change.changes.length === 0 ? {} : { changes: change.changes }),
    ...(change.reasons.length === 0 ? {} : { reasons: change.reasons }),
    ms: Math.round(ms * 10) / 10,
  }
  if (change.how === 'failed') log.error(fields, 'not applied; the last good state stays')
  else log.info(fields, change.how)
}

/** What is away when fairlead starts is waited for, or started. */
function unlessAway(error: unknown): readonly string[] {
  if (!isAway(error)) throw error
  return []
}
