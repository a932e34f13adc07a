import { mkdir, rm } from 'node:fs/promises'
import { AccessLog } from './access-log/access-log.ts'
import { serveApi } from './api/server.ts'
import { loadOrCreateToken } from './api/token.ts'
import { Cluster } from './daemon-cluster.ts'
import { openConsulApi } from './daemon-consul-api.ts'
import { createControl } from './daemon-control.ts'
import { Drift } from './daemon-drift.ts'
import { openEmbedded } from './daemon-embedded.ts'
import { DaemonNetworks } from './daemon-networks.ts'
import { DaemonHistory } from './daemon-history.ts'
import { openRouting } from './daemon-open-routing.ts'
import type { DaemonRegistry, RegistryParts } from './daemon-registry.ts'
import { servedAddresses } from './daemon-routing.ts'
import { instancePaths, routingSettings } from './daemon-settings.ts'
import {
  abandonHaproxy,
  applyAndKeep,
  background,
  essential,
  exitWords,
  firstApply,
  haproxyReport,
  listenAddresses,
  logChange,
  prepareHaproxy,
  requireKnowledge,
  servingServers,
  watchContainerNetwork,
} from './daemon-start.ts'
import { Applier } from './haproxy/applier.ts'
import { planChanges } from './haproxy/diff/plan-changes.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
import { showOldWorkers } from './haproxy/runtime/master.ts'
import type { SourceState } from './model/candidate.ts'
import { messageOf } from './model/errors.ts'
import { OperatorStore } from './operator/operator-store.ts'
import { Pipeline } from './pipeline/pipeline.ts'
import { Prober } from './readiness/prober.ts'
import type { Settings } from './settings/settings.ts'
import { systemClock } from './support/clock.ts'
import { takeLock } from './support/lock-file.ts'
import { createLogger, type Logger } from './support/log.ts'
import { makeOwnFolder } from './support/own-folder.ts'
import { Releases } from './support/releases.ts'
import { version } from './version.ts'

/** How the daemon ends: `leave` lets HAProxy serve on, `down` ends it as well. */
type Ending = 'leave' | 'down'

const firstListMs = 2_000
/** How long HAProxy has to live with a new text before the old one is given up. */
const probationMs = 5_000
const accessLogBytes = 64 * 1024 * 1024
/** How long requests under way may take to finish when HAProxy is ended. */
const downGraceMs = 10_000

/**
 * Runs fairlead until a signal or `fairlead down` ends it, and resolves to the exit code. SIGTERM
 * ends fairlead only and leaves HAProxy serving; SIGINT (Ctrl-C) and `down` end both.
 * Throws FairleadErrors of the start (busy address, missing HAProxy, unreachable Docker); then
 * nothing that it started is left.
 */
export async function runDaemon(settings: Settings): Promise<number> {
  const log = createLogger(settings.logLevel, settings.logFormat)
  const releases = new Releases()
  const stopping = new AbortController()
  releases.push('background tasks', () => stopping.abort())
  const ending = endOnSignal(releases)
  let exitCode = 0
  const fail = (): void => {
    exitCode = 1
    ending.end('leave')
  }
  let how: Ending | undefined
  const { signal } = stopping
  const run: Run = { log, releases, signal, end: ending.end, ending: () => how, fail }
  try {
    const prepared = await prepare(settings, run)
    const { haproxy } = prepared
    const start = startServing(settings, prepared, run)
    // A signal during the start ends it; what it still does then fails into the log.
    how = await Promise.race([start.then(() => ending.wanted), ending.wanted])
    const endsBoth = how === 'down' && haproxy.isOurs
    log.info(endsBoth ? 'ending fairlead and HAProxy' : 'ending fairlead; HAProxy serves on')
    return exitCode
  } finally {
    stopping.abort()
    await releases.run((what, error) => log.error(`ending ${what}: ${messageOf(error)}`))
  }
}

/** SIGTERM: leave. SIGINT and the API's `down`: down. A second SIGINT ends the process at once. */
function endOnSignal(releases: Releases): {
  readonly wanted: Promise<Ending>
  readonly end: (how: Ending) => void
} {
  let resolve: (how: Ending) => void = () => undefined
  const wanted = new Promise<Ending>((done) => {
    resolve = done
  })
  const onTerm = (): void => resolve('leave')
  const onInterrupt = (): void => resolve('down')
  process.once('SIGTERM', onTerm).once('SIGINT', onInterrupt)
  releases.push('signals', () => {
    process.off('SIGTERM', onTerm).off('SIGINT', onInterrupt)
  })
  return { wanted, end: (how) => resolve(how) }
}

/** SIGHUP, which else ends a process. */
function onHangup(reread: () => Promise<void>, { log, releases }: Run): void {
  const onSignal = (): void => {
    reread().catch((error: unknown) => log.error(messageOf(error)))
  }
  process.on('SIGHUP', onSignal)
  releases.push('SIGHUP', () => void process.off('SIGHUP', onSignal))
}

type Run = {
  readonly log: Logger
  readonly releases: Releases
  readonly signal: AbortSignal
  readonly end: (how: Ending) => void
  /** How it ends; undefined until it does, and when the start has failed. */
  readonly ending: () => Ending | undefined
  /** Ends fairlead with exit code 1 and leaves HAProxy serving. */
  readonly fail: () => void
}

type Prepared = {
  readonly haproxy: HaproxyInstance
  readonly networks: DaemonNetworks | undefined
}

/** The lock, the state folder, HAProxy found and adopted: what can fail before anything is served. */
async function prepare(settings: Settings, run: Run): Promise<Prepared> {
  const paths = instancePaths(settings)
  await makeOwnFolder(settings.stateFolder)
  run.releases.push('lock', await takeLock(paths.lock))
  await mkdir(paths.maps, { recursive: true, mode: 0o700 })
  if (isRoot() && settings.haproxySocket === undefined)
    await mkdir(paths.chroot, { recursive: true, mode: 0o755 })
  const isNetworkLost = await watchContainerNetwork()
  const haproxy = await prepareHaproxy(settings, paths)
  const supervise = (): void => {
    if (!haproxy.isRunning || !isNetworkLost()) return
    run.log.error(
      "this container's network went with HAProxy's old one; ending, to be started anew",
    )
    run.fail()
  }
  run.releases.push('supervision of the network', haproxy.onExit(supervise))
  const prepared: { haproxy: HaproxyInstance; networks: DaemonNetworks | undefined } = {
    haproxy,
    networks: undefined,
  }
  // After HAProxy's end: the requests that may still finish until then go over its networks.
  run.releases.push("HAProxy's networks", () => prepared.networks?.end(run.ending()))
  run.releases.push('HAProxy', async () => {
    await endHaproxy(haproxy, run.ending())
    // Its end was wanted: no verdict on the newest text.
    if (run.ending() === 'down') await rm(paths.probation, { force: true })
  })
  const { log } = run
  prepared.networks = await DaemonNetworks.open({ settings, haproxy, clock: systemClock, log })
  return prepared
}

/** Undefined: the start failed; then only a HAProxy that this process started is ended. */
async function endHaproxy(haproxy: HaproxyInstance, ending: Ending | undefined): Promise<void> {
  if (ending === 'down') await haproxy.stop(downGraceMs)
  else if (ending === 'leave') haproxy.close()
  else await abandonHaproxy(haproxy)
}

/** Builds the pipeline from its end to its beginning, starts it, and resolves when it serves. */
async function startServing(settings: Settings, prepared: Prepared, run: Run): Promise<void> {
  const { haproxy, networks } = prepared
  const { log, releases, signal } = run
  const clock = systemClock
  const paths = instancePaths(settings)
  const joining = networks
  const opened = await openRegistry({ settings, path: paths.snapshot, clock, log, joining })
  const { registry, sources } = opened
  releases.push('registry', () => opened.close())
  const consulApi = await openConsulApi(opened, { settings, clock })
  releases.push("Consul's API", () => consulApi.stop())
  const store = new OperatorStore(paths.kept, clock)
  await store.load()
  releases.push('kept state', () => store.flush())

  const history = await DaemonHistory.open(paths, settings.history, clock)
  releases.push('history', () => history.flush())
  const applier = new Applier({
    haproxy,
    planChanges,
    reloadIntervalMs: settings.reloadIntervalMs,
    mostWorkerReloads: settings.mostOldWorkers,
    // Whoever supervises a HAProxy that is not ours starts it with what is on disk.
    ...(settings.haproxySocket === undefined && {
      probation: { recordPath: paths.probation, forMs: probationMs },
    }),
    oldWorkers: () => showOldWorkers(paths.masterSocket),
  })
  releases.push('applier', () => applier.close())
  const prober = new Prober({
    clock,
    onAccepted: (endpoint) => pipeline.onAccepted(endpoint),
    wayOf: (endpoint) => networks?.wayOf(endpoint) ?? 'probe',
  })
  prober.restore(store.accepted())
  releases.push('probes', () => prober.stop())
  const routingOf = byVersion((each) => routingSettings(settings, paths, isRoot(), each))
  const routing = await openRouting({
    settings,
    paths,
    opened,
    consulApi,
    haproxy,
    clock,
    log,
    provenMs: probationMs,
  })
  releases.push('routing', () => routing.close())
  if (settings.templates.length > 0) onHangup(() => routing.reread(), run)
  const pipeline: Pipeline = new Pipeline({
    registry,
    clock,
    get settings() {
      return routingOf(haproxy.version)
    },
    store,
    prober,
    route: (input) => routing.route(input),
    onFailure: (error, desired) => routing.failed(error, desired),
    serving: await servingServers(haproxy),
    apply: async (desired) => {
      try {
        const applied = await applyAndKeep(applier, haproxy, desired)
        if (applied.deferred === undefined) await routing.applied(desired)
        return applied
      } catch (error) {
        throw routing.explain(error, desired)
      }
    },
    onChange: (change, record) => {
      logChange(log, change)
      history.record(change, record)
      cluster?.touch()
    },
    onPass: (state) => networks?.passed(state),
    steer: (wanted) => history.steer(routing.steer(wanted)),
    onWait: ({ reasons }) => {
      const why = reasons.map(({ text }) => text)
      log.warn({ reasons: why }, 'a reload waits for connections of an old worker')
    },
  })
  const http = (): readonly string[] => servedAddresses(settings, pipeline.state().target?.desired)
  const cluster =
    opened.meetingPlace === undefined
      ? undefined
      : new Cluster({
          place: opened.meetingPlace,
          instance: settings.name,
          paths,
          pipeline,
          history,
          haproxy,
          http,
          clock,
          log,
        })
  releases.push('cluster', () => cluster?.end(run.ending()))
  const drift = new Drift({ applier, pipeline, log, clock, settings })
  const accessLog = new AccessLog({
    path: paths.log,
    mostBytes: accessLogBytes,
    follow: settings.accessLog === 'stdout' ? process.stdout : undefined,
    clock,
  })

  const api = await serveApi({
    control: createControl({
      instance: {
        name: settings.name,
        version,
        pid: process.pid,
        startedAtMs: clock.now(),
        stateFolder: settings.stateFolder,
        get http() {
          return http()
        },
      },
      registry: opened,
      store,
      pipeline,
      history,
      drift: () => drift.found,
      clock,
      haproxy: () => haproxyReport(haproxy),
      problems: () => [
        ...accessLog.problems(),
        ...consulApi.problems(),
        ...(networks?.problems() ?? []),
        ...drift.problems(),
        ...routing.problems(),
        ...(cluster?.problems() ?? []),
      ],
      showStatistics: async () => (await haproxy.execute(['show stat']))[0] ?? '',
      cluster,
      isReady: () => sources.haveSpoken() && isServing(pipeline),
      down: () => run.end('down'),
    }),
    version,
    consulApi: consulApi.routes,
    listen: listenAddresses(settings, paths),
    adminHosts: settings.adminHosts,
    admits: (localAddress) => networks?.isForAdmin(localAddress) ?? true,
    token:
      settings.adminTokenFile === undefined
        ? undefined
        : await loadOrCreateToken(settings.adminTokenFile),
    onDefect: (error) => log.error(`admin API: ${messageOf(error)}`),
  })
  releases.push('admin API', () => api.close())

  background("Consul's API", consulApi.run(signal), run)
  if (networks !== undefined) {
    const unspoken = (): readonly SourceState[] => sources.unspoken()
    const onChange = (what: string): void => pipeline.trigger(what)
    background('networks', networks.run({ unspoken, onChange, signal }), run)
  }
  essential('sources', opened.run(signal), run)
  await requireKnowledge({ registry: opened, haproxy, log, firstListMs, signal })
  await routing.ready(signal)
  if (signal.aborted) return
  routing.onNews((what) => pipeline.trigger(what))
  background('access log', accessLog.run(signal), run)
  essential('pipeline', pipeline.run(signal), run)
  releases.push(
    'supervision',
    haproxy.onExit(() => {
      const { said, cause } = exitWords(haproxy)
      log.error(said)
      pipeline.triggerRepair(cause)
    }),
  )
  pipeline.triggerRepair(
    haproxy.isAdopted ? 'fairlead started, HAProxy adopted' : 'fairlead started',
  )
  await firstApply(pipeline, haproxy)
  background('drift check', drift.watch(signal), run)
  if (cluster !== undefined) background('cluster', cluster.run(signal), run)
  const {
    version: haproxyVersion,
    masterPid,
    isAdopted,
    maxConnections,
    maxFiles,
  } = await haproxyReport(haproxy)
  log.info(
    { haproxy: haproxyVersion, pid: masterPid, isAdopted, maxConnections, maxFiles },
    `serving on ${http().join(', ')}`,
  )
}

async function openRegistry(parts: RegistryParts): Promise<DaemonRegistry> {
  if (parts.settings.registry === undefined) return openEmbedded(parts)
  // Its client is not loaded where it is not needed.
  const { openConsul } = await import('./daemon-consul.ts')
  return openConsul(parts, process.env)
}

/** While a reload waits what was there before is served on. */
function isServing(pipeline: Pipeline): boolean {
  const { isApplied, deferred } = pipeline.state()
  return isApplied || deferred !== undefined
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Settings anew only where HAProxy has become another: routing keeps what it made with the same ones. */
function byVersion<T>(settingsFor: (version: string) => T): (version: string) => T {
  let last: { readonly version: string; readonly settings: T } | undefined
  return (version) => {
    if (last?.version !== version) last = { version, settings: settingsFor(version) }
    return last.settings
  }
}
