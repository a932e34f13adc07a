import { join } from 'node:path'
import { Applier } from '../src/haproxy/applier.ts'
import { planChanges } from '../src/haproxy/diff/plan-changes.ts'
import { HaproxyProcess } from '../src/haproxy/process/haproxy-process.ts'
import { findHaproxy } from '../src/haproxy/process/program.ts'
import { emptySnapshot } from '../src/model/snapshot.ts'
import { emptyMemory } from '../src/routing/contract.ts'
import type { RoutingInput } from '../src/routing/contract.ts'
import { TemplateRouter } from '../src/template/desired/template-router.ts'
import { createProgram } from '../src/template/render/program.ts'
import type { Program } from '../src/template/render/program.ts'
import { startAnswerer } from './load/answerer.ts'
import type { Outcome, Row } from './report.ts'
import { freePort } from '../test/support/ports.ts'
import type { Stage } from './stage/stage.ts'
import { median, summary } from './statistics.ts'
import { Fleet, templateOf } from './template-fleet.ts'
import { templateWatch } from './template-watch.ts'

const services = 500
const endpoints = 10_000
const rounds = 25

/**
 * `npm run bench:template`: a template with 10,000 servers of 500 services. How long an evaluation
 * takes once the template is parsed, and how long a change takes until HAProxy was read back with it.
 * Then what it costs Consul to follow 1,000 services in 20 templates.
 */
export async function template(stage: Stage): Promise<Outcome> {
  const port = await freePort()
  const serverPort = await startAnswerer(stage)
  const program = programOf(port)
  const firstMs = timed(() => void program.render(new Fleet(services, endpoints, serverPort)))
  const renderMs = renderAgain(program, serverPort)
  const changeMs = await changeOne(stage, program, serverPort)
  const watched = await templateWatch(stage)
  const rows: readonly Row[] = [
    row('a template with 10,000 servers of 500 services, evaluated again', renderMs, 100),
    row('one server of them changed in the catalogue, until HAProxy has it', changeMs, 200),
    ...watched.rows,
  ]
  return {
    rows,
    notes: ['times: medians; the second to HAProxy read back and compared, without fsync'],
    details: {
      firstMs,
      renderMs: summary(renderMs),
      changeMs: summary(changeMs),
      watched: watched.details,
    },
  }
}

function programOf(port: number): Program {
  const surroundings = {
    environment: () => undefined,
    now: () => new Date(),
    workingFolder: '/',
    sandboxPath: undefined,
    hasEffects: false,
  }
  return createProgram(templateOf(port), { name: 'bench.ctmpl', surroundings })
}

/** Each time with one endpoint changed, so that no answer can be that of the time before. */
function renderAgain(program: Program, serverPort: number): readonly number[] {
  const fleet = new Fleet(services, endpoints, serverPort)
  program.render(fleet)
  return Array.from({ length: rounds }, (_, round) => {
    fleet.reweigh(round * 19, round + 2)
    return timed(() => {
      const { text } = program.render(fleet)
      if (!text.includes(`weight ${round + 2}\n`)) throw new Error('the change is not in the text')
    })
  })
}

async function changeOne(
  stage: Stage,
  program: Program,
  serverPort: number,
): Promise<readonly number[]> {
  const fleet = new Fleet(services, endpoints, serverPort)
  const file = (name: string): string => join(stage.folder, `template-${name}`)
  const socket = file('stats.sock')
  const haproxy = new HaproxyProcess({
    program: await findHaproxy('haproxy'),
    configPath: file('haproxy.cfg'),
    masterSocket: file('master.sock'),
    workerSocket: socket,
    logPath: file('haproxy.log'),
    recordPath: file('running.json'),
  })
  const applier = new Applier({ haproxy, planChanges })
  stage.onClose(async () => {
    await applier.close()
    await haproxy.stop(0)
  })
  const router = new TemplateRouter({
    templates: { config: program, files: new Map() },
    source: fleet,
    managed: { socket, hardStopMs: 60_000, mostOldWorkers: 50 },
    previous: undefined,
  })
  if (!router.prepare()) throw new Error('something is not known')
  await applier.applyDesired(router.route(input).desired)
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    fleet.reweigh(round * 19, round + 2)
    const startedAt = performance.now()
    const { desired } = router.route(input)
    const routedMs = performance.now() - startedAt
    const { how, reasons, verifiedMs } = await applier.applyDesired(desired)
    if (how !== 'runtime') throw new Error(`not by commands: ${how} ${JSON.stringify(reasons)}`)
    times.push(routedMs + verifiedMs)
  }
  return times
}

const input: RoutingInput = {
  snapshot: emptySnapshot,
  // Templates take nothing from them.
  settings: {} as RoutingInput['settings'],
  words: new Map(),
  hasAccepted: () => true,
  memory: emptyMemory,
  nowMs: 0,
}

function timed(task: () => void): number {
  const startedAt = performance.now()
  task()
  return performance.now() - startedAt
}

function row(what: string, times: readonly number[], value: number): Row {
  const budget = { is: '<=', value } as const
  return { what, of: 'fairlead', measured: median(times), unit: 'ms', budget }
}
