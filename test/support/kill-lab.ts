import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { Applier } from '../../src/haproxy/applier.ts'
import type { ApplyResult } from '../../src/haproxy/apply/context.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { HaproxyRunner } from '../../src/haproxy/process/runner.ts'
import { showProcesses } from '../../src/haproxy/runtime/master.ts'
import type { DesiredState } from '../../src/model/desired-state.ts'
import type { HaproxyLab, LabServer } from './haproxy-lab.ts'
import type { KilledApply, PlainState } from './killed-apply.ts'

/** A kind of change: from one state to the other and back. */
export type KillPlan = {
  readonly name: string
  readonly from: DesiredState
  readonly to: DesiredState
  /** What commands do, where HAProxy lets them; else a reload. */
  readonly how: ApplyResult['how']
}

/** Plans of each kind, with two servers that answer with their names. */
export function killPlans(lab: HaproxyLab, a: LabServer, b: LabServer): readonly KillPlan[] {
  const from = lab.desired([a, b])
  const to = (...servers: readonly LabServer[]): DesiredState => lab.desired(servers)
  const replaced = (state: DesiredState): DesiredState => ({
    ...state,
    config: state.config.replace(/server a \S+/, '$& maxconn 50 backup'),
  })
  return [
    { name: 'servers', from, to: to(b, { ...a, name: 'c', weight: 3 }), how: 'runtime' },
    { name: 'a replaced server', from, to: replaced(from), how: 'runtime' },
    {
      name: 'map entries',
      from,
      to: lab.desired([a, b], { hosts: 'y.test other\nx.test app\n' }),
      how: 'runtime',
    },
    {
      name: 'a reload',
      from,
      to: lab.desired([a], { balance: 'leastconn', hosts: 'y.test other\n' }),
      how: 'reload',
    },
  ]
}

/** What a new fairlead found and did, and what differs afterwards from what is wanted. */
export type Recovery = {
  readonly how: ApplyResult['how']
  readonly reloads: number
  readonly differences: readonly string[]
}

/** Fairleads one after the other on one HAProxy, each of which may be killed. */
export class KillLab {
  readonly #lab: HaproxyLab
  readonly #bundle: string

  private constructor(lab: HaproxyLab, bundle: string) {
    this.#lab = lab
    this.#bundle = bundle
  }

  static async open(lab: HaproxyLab): Promise<KillLab> {
    const bundle = join(lab.folder, 'killed-apply.mjs')
    const entry = new URL('./killed-apply.ts', import.meta.url).pathname
    const how = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' } as const
    await build({ ...how, entryPoints: [entry], outfile: bundle })
    return new KillLab(lab, bundle)
  }

  get #probationPath(): string {
    return join(this.#lab.folder, 'probation.json')
  }

  newApplier(haproxy: HaproxyRunner): Applier {
    const probation = { recordPath: this.#probationPath, forMs: 60_000 }
    return new Applier({ haproxy, planChanges, probation })
  }

  /** Gives the steps up to the one it was killed at; `isDone`: there was no such step. */
  async applyKilledAt(
    killAt: number,
    ...states: readonly DesiredState[]
  ): Promise<{ readonly isDone: boolean; readonly steps: readonly string[] }> {
    const task: KilledApply = {
      options: this.#lab.options,
      probationPath: this.#probationPath,
      states: states.map(plain),
      killAt,
    }
    const child = spawn(process.execPath, [this.#bundle, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [output, complaint] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(`it ended with ${code}: ${complaint}`)
    return { isDone: code === 0, steps: output.trim().split('\n') }
  }

  /** A new fairlead takes over what it finds, and applies. */
  async recover(wanted: DesiredState): Promise<Recovery> {
    const haproxy = new HaproxyProcess(this.#lab.options)
    await haproxy.adopt()
    const applier = this.newApplier(haproxy)
    try {
      const before = haproxy.isRunning ? await this.#reloads() : 0
      const { how } = await applier.applyDesired(wanted)
      const reloads = (await this.#reloads()) - before
      const differences = await this.differences(applier, haproxy, wanted)
      return { how, reloads, differences }
    } finally {
      await applier.close()
      haproxy.close()
    }
  }

  /** Ends the HAProxy that somebody has left behind. */
  async down(): Promise<void> {
    const haproxy = new HaproxyProcess(this.#lab.options)
    await haproxy.adopt()
    await haproxy.stop(0)
  }

  /** Between HAProxy, the files and what is wanted; empty when all agree. */
  async differences(
    applier: Applier,
    haproxy: HaproxyRunner,
    wanted: DesiredState,
  ): Promise<readonly string[]> {
    const found = [...(await applier.checkDrift(wanted))]
    const files = [...wanted.files, [this.#lab.options.configPath, wanted.config] as const]
    for (const [path, content] of files) {
      if ((await readFile(path, 'utf8')) !== content) found.push(`${path} has another content`)
      const names = await readdir(dirname(path))
      found.push(...names.filter((name) => name.endsWith('.tmp')).map((name) => `${name} is left`))
    }
    const [statistics = ''] = await haproxy.execute(['show stat'])
    // What reading back does not tell of server a.
    const row = statistics
      .split('\n')
      .find((line) => line.startsWith('app,a,'))
      ?.split(',')
    const hasBackup = /server a .* backup/.test(wanted.config)
    if (row !== undefined && (row[20] === '1') !== hasBackup) found.push('server a is another one')
    return found
  }

  async #reloads(): Promise<number> {
    return (await showProcesses(this.#lab.options.masterSocket, { patienceMs: 5000 })).reloads
  }
}

function plain({ config, files, servers }: DesiredState): PlainState {
  return { config, files: [...files], servers: [...servers] }
}
