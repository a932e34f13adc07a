import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findHaproxies } from '../scripts/lib/haproxy-lines.mjs'
import { Applier } from '../src/haproxy/applier.ts'
import { planChanges } from '../src/haproxy/diff/plan-changes.ts'
import { HaproxyProcess } from '../src/haproxy/process/haproxy-process.ts'
import { findHaproxy } from '../src/haproxy/process/program.ts'
import { desiredOf, textOf, type TextOptions } from './apply-texts.ts'
import { applyUnderLoad, loadRows, type UnderLoad } from './apply-under-load.ts'
import { startAnswerer } from './load/answerer.ts'
import type { Outcome, Row } from './report.ts'
import { freePort } from '../test/support/ports.ts'
import type { Stage } from './stage/stage.ts'
import { median, summary } from './statistics.ts'

const rounds = 15
const parses = 9
const run = promisify(execFile)

/** One apply: wall time from the new text to verified, and fairlead's CPU in it. Milliseconds. */
type Timed = { readonly verifiedMs: number; readonly cpuMs: number }

type Measured = {
  readonly version: string
  readonly oneOf10000: readonly Timed[]
  readonly added1000: readonly Timed[]
  readonly underLoad: UnderLoad
}

/**
 * `npm run bench:apply`: whole texts applied to each HAProxy that is on this machine: one server
 * changed among many, many added, and changes and reloads under load. Writing to the disk comes
 * after the measured time: HAProxy has the change by then.
 */
export async function apply(stage: Stage): Promise<Outcome> {
  const serverPort = await startAnswerer(stage)
  const firstParseMs = await measureFirstParse(stage, serverPort)
  const measured: Measured[] = []
  for (const { path, version } of findHaproxies()) {
    console.log(`HAProxy ${version}`)
    measured.push({
      version,
      oneOf10000: await withApplier(stage, path, (lab) => changeOne(lab, serverPort)),
      added1000: await withApplier(stage, path, (lab) => addThousand(lab, serverPort)),
      underLoad: await withApplier(stage, path, (lab) => applyUnderLoad(lab, serverPort)),
    })
  }
  return {
    rows: [parseRow(firstParseMs), ...measured.flatMap(rowsOf)],
    notes: [
      'times: medians from the whole new text to HAProxy read back and compared, without fsync',
      `${measured.length} versions of HAProxy; node scripts/setup.mjs --haproxies brings more`,
    ],
    details: { firstParseMs: summary(firstParseMs), measured },
  }
}

/** A HAProxy of its own and what is needed to apply texts to it. */
export type ApplyLab = {
  readonly applier: Applier
  readonly haproxy: HaproxyProcess
  readonly port: number
  readonly socket: string
}

async function withApplier<T>(
  stage: Stage,
  path: string,
  measure: (lab: ApplyLab) => Promise<T>,
): Promise<T> {
  const port = await freePort()
  const file = (name: string): string => join(stage.folder, `${port}-${name}`)
  const socket = file('stats.sock')
  const haproxy = new HaproxyProcess({
    program: await findHaproxy(path),
    configPath: file('haproxy.cfg'),
    masterSocket: file('master.sock'),
    workerSocket: socket,
    logPath: file('haproxy.log'),
    recordPath: file('running.json'),
  })
  const applier = new Applier({ haproxy, planChanges })
  const close = async (): Promise<void> => {
    await applier.close()
    await haproxy.stop(0)
  }
  stage.onClose(close)
  try {
    return await measure({ applier, haproxy, port, socket })
  } finally {
    await close()
  }
}

async function changeOne(lab: ApplyLab, serverPort: number): Promise<readonly Timed[]> {
  const options = { ...lab, serverPort, backends: 500, servers: 10_000 }
  await lab.applier.applyDesired(desiredOf(options))
  const timed: Timed[] = []
  for (let round = 0; round < rounds; round += 1) {
    const weights = new Map([[(round * 619) % options.servers, round + 2]])
    timed.push(await timeApply(lab, { ...options, weights }))
  }
  return timed
}

async function addThousand(lab: ApplyLab, serverPort: number): Promise<readonly Timed[]> {
  const few = { ...lab, serverPort, backends: 100, servers: 1000 }
  await lab.applier.applyDesired(desiredOf(few))
  const timed: Timed[] = []
  for (let round = 0; round < rounds; round += 1) {
    timed.push(await timeApply(lab, { ...few, servers: 2000 }))
    await lab.applier.applyDesired(desiredOf(few))
  }
  return timed
}

/** Fails the bench where the change needed a reload. */
async function timeApply({ applier }: ApplyLab, options: TextOptions): Promise<Timed> {
  const desired = desiredOf(options)
  const before = process.cpuUsage()
  const { how, verifiedMs, reasons } = await applier.applyDesired(desired)
  const { user, system } = process.cpuUsage(before)
  if (how !== 'runtime') throw new Error(`not by commands: ${JSON.stringify(reasons)}`)
  return { verifiedMs, cpuMs: (user + system) / 1000 }
}

async function measureFirstParse(stage: Stage, serverPort: number): Promise<readonly number[]> {
  const file = join(stage.folder, 'first-parse.cfg')
  const socket = join(stage.folder, 'unused.sock')
  writeFileSync(file, textOf({ port: 1, socket, serverPort, backends: 500, servers: 10_000 }))
  const script = fileURLToPath(new URL('./first-parse.ts', import.meta.url))
  const times: number[] = []
  for (let round = 0; round < parses; round += 1) {
    const tsx = import.meta.resolve('tsx')
    const { stdout } = await run(process.execPath, ['--import', tsx, script, file])
    times.push(Number(stdout))
  }
  return times
}

function parseRow(times: readonly number[]): Row {
  const what = 'first parse of a file with 10,000 servers'
  const budget = { is: '<=', value: 100 } as const
  return { what, of: 'fairlead', measured: median(times), unit: 'ms', budget }
}

function rowsOf({ version, oneOf10000, added1000, underLoad }: Measured): readonly Row[] {
  const of = `HAProxy ${/^\d+\.\d+/.exec(version)?.[0] ?? version}`
  const row = (what: string, values: readonly number[], value: number): Row => {
    return { what, of, measured: median(values), unit: 'ms', budget: { is: '<=', value } }
  }
  const verified = (of: readonly Timed[]): number[] => of.map(({ verifiedMs }) => verifiedMs)
  const cpu = oneOf10000.map(({ cpuMs }) => cpuMs)
  return [
    row('one server changed among 10,000 in 500 backends', verified(oneOf10000), 80),
    row("fairlead's CPU in that, keeping it on disk included", cpu, 50),
    row('1,000 servers added in 100 backends', verified(added1000), 500),
    ...loadRows(of, underLoad),
  ]
}
