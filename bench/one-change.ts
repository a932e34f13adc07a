// `npx tsx bench/one-change.ts [SERVICES …]`: the CPU of one change among 10,000 endpoints, within
// one process and with a HAProxy in memory: for comparing two versions of the pipeline, and for
// `--cpu-prof`. What a change costs in full is measured by `npm run bench:scale`.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  registrationObservation,
  registrationToCandidate,
} from '../src/consul-api/registrations.ts'
import { Ledger } from '../src/api/ledger.ts'
import { Applier } from '../src/haproxy/applier.ts'
import { planChanges } from '../src/haproxy/diff/plan-changes.ts'
import { MemoryHaproxy } from '../src/haproxy/memory-control.ts'
import { History } from '../src/ledger/history.ts'
import { OperatorStore } from '../src/operator/operator-store.ts'
import { Pipeline } from '../src/pipeline/pipeline.ts'
import { Prober } from '../src/readiness/prober.ts'
import { EmbeddedRegistry } from '../src/registry/embedded/embedded-registry.ts'
import type { RoutingSettings } from '../src/routing/contract.ts'
import { createRouter } from '../src/routing/route.ts'
import { systemClock } from '../src/support/clock.ts'
import { summary } from './statistics.ts'

const endpoints = 10_000
const changes = 40

const counts = process.argv.slice(2).map(Number)
for (const services of counts.length > 0 ? counts : [1, 500, 1000]) await measure(services)

async function measure(services: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-one-change-'))
  const spent = { route: 0, haproxy: 0, apply: 0 }
  const clock = systemClock
  const haproxy = timedHaproxy(join(folder, 'haproxy.cfg'), spent)
  const applier = new Applier({
    haproxy,
    planChanges: timed(planChanges, (ms) => (spent.apply += ms)),
  })
  const registry = new EmbeddedRegistry(join(folder, 'registry.snapshot'), clock)
  const store = new OperatorStore(join(folder, 'kept.json'), clock)
  const prober: Prober = new Prober({
    clock,
    onAccepted: (endpoint) => pipeline.onAccepted(endpoint),
    connect: () => Promise.resolve(true),
  })
  const ledger = new Ledger()
  const history = new History({ folder: join(folder, 'history'), clock, mostGenerations: 1000 })
  const pipeline: Pipeline = new Pipeline({
    registry,
    clock,
    settings: settingsOf(folder),
    store,
    prober,
    route: timed(createRouter(), (ms) => (spent.route += ms)),
    apply: (desired) => applier.applyDesired(desired),
    onChange: (change, { commands, problems, state }) => {
      history.keep({ ...ledger.record(change), commandTexts: commands, problems }, state)
    },
  })
  const stop = new AbortController()
  const running = pipeline.run(stop.signal)
  for (let i = 0; i < endpoints; i += 1) change(registry, i, services, true)
  await applied(pipeline, endpoints)
  await rest(registry, store, history)

  const all: number[] = []
  const sums = { route: 0, haproxy: 0, apply: 0 }
  for (let round = 0; round < changes + 10; round += 1) {
    const isAdded = round % 2 === 0
    Object.assign(spent, { route: 0, haproxy: 0, apply: 0 })
    const before = cpuMs()
    change(registry, endpoints, services, isAdded)
    await applied(pipeline, endpoints + (isAdded ? 1 : 0))
    await rest(registry, store, history)
    const cost = cpuMs() - before - spent.haproxy
    if (round < 10) continue
    all.push(cost)
    for (const part of ['route', 'haproxy', 'apply'] as const) sums[part] += spent[part]
  }
  const { median, p95 } = summary(all)
  const mean = all.reduce((sum, each) => sum + each, 0) / all.length
  const part = (ms: number): string => (ms / all.length).toFixed(1)
  console.log(
    `${endpoints} endpoints in ${services}: CPU of one change, HAProxy's left out: ` +
      `mean ${mean.toFixed(1)} median ${median.toFixed(1)} p95 ${p95.toFixed(1)} ms; of it routing ${part(sums.route)}, ` +
      `planning ${part(sums.apply)}; RSS ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  )
  stop.abort()
  await running
  await applier.close()
  prober.stop()
  await rm(folder, { recursive: true, force: true })
}

function change(registry: EmbeddedRegistry, i: number, services: number, isAdded: boolean): void {
  const id = `e${i}`
  const address = `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`
  const candidate = registrationToCandidate({
    id,
    service: `service-${i % services}`,
    node: 'local',
    address,
    port: 80,
    tags: [],
    meta: {},
    weight: 1,
    registeredAtMs: Date.now(),
    checked: undefined,
    maintenance: undefined,
  })
  const what = isAdded ? { upserts: [candidate] } : { removals: [id] }
  registry.accept(registrationObservation({ ...what, cause: `${id} changed`, nowMs: Date.now() }))
}

/** HAProxy has so many servers that are ready. */
async function applied(pipeline: Pipeline, count: number): Promise<void> {
  for (;;) {
    const { isApplied, snapshot, routing } = pipeline.state()
    const isThere = snapshot.candidates.length === count && routing?.unproven.length === 0
    if (isApplied && isThere && routing.desired.servers.size === 0) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

async function rest(
  registry: EmbeddedRegistry,
  store: OperatorStore,
  history: History,
): Promise<void> {
  await registry.flush()
  await store.flush()
  await history.flush()
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function timed<A extends readonly unknown[], R>(
  work: (...args: A) => R,
  add: (ms: number) => void,
): (...args: A) => R {
  return (...args) => {
    const before = cpuMs()
    const result = work(...args)
    add(cpuMs() - before)
    return result
  }
}

function timedHaproxy(path: string, spent: { haproxy: number }): MemoryHaproxy {
  const haproxy = new MemoryHaproxy(path)
  const execute = haproxy.execute.bind(haproxy)
  haproxy.execute = timed(execute, (ms) => (spent.haproxy += ms))
  return haproxy
}

function settingsOf(folder: string): RoutingSettings {
  return {
    routeMode: 'all',
    domain: 'localhost',
    defaultService: undefined,
    goneServiceMs: 300_000,
    http: ['127.0.0.1:80'],
    trustedProxies: [],
    accessLog: false,
    connectionName: 'sni',
    maxConnections: undefined,
    mostOldWorkers: 10,
    timeouts: {
      connectMs: 1000,
      clientMs: 1000,
      serverMs: 1000,
      requestMs: 1000,
      keepAliveMs: 1000,
      tunnelMs: 1000,
      hardStopMs: 1000,
    },
    paths: { maps: join(folder, 'maps'), socket: join(folder, 'haproxy.sock'), chroot: undefined },
    runAs: undefined,
  }
}
