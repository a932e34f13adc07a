import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from './at-rest.ts'
import { openFairleadConsul } from './fronts/fairlead-consul.ts'
import { bundle, openFairlead } from './fronts/fairlead.ts'
import { startRegistrator } from './fronts/registrator.ts'
import type { Outcome, Row } from './report.ts'
import { openConsul } from './stage/consul.ts'
import { inTurns } from './stage/containers.ts'
import { webServerImage } from './stage/images.ts'
import { memoryMb } from './stage/process-usage.ts'
import type { Memory } from './stage/process-usage.ts'
import { startProgram } from './stage/program.ts'
import type { Stage } from './stage/stage.ts'
import { until } from './stage/stage.ts'
import { median } from './statistics.ts'

const containers = 10
const service = 'idle'
const readings = 5
const settleMs = 8_000

/**
 * `npm run bench:memory`: resident memory of each part that a small machine may run, with ten
 * containers and nothing to do: median of five readings, two seconds apart.
 */
export async function memory(stage: Stage): Promise<Outcome> {
  const image = await webServerImage(stage.docker)
  const running = await inTurns(Array.from({ length: containers }), 2, async () =>
    stage.containers.start(await stage.containers.create({ image, service })),
  )
  const rows: Row[] = []
  const measure = async (of: string, pids: readonly number[], share = 1): Promise<void> => {
    rows.push(...rowsOf(of, await settled(pids), share))
  }
  await alone(stage, measure)
  await withConsul(stage, measure)
  await measure('dockerd', named('dockerd'))
  await measure('containerd', named('containerd'))
  const programs = await Promise.all(running.map(({ id }) => pidOf(stage, id)))
  await measure('a container: its program (Node.js)', programs, containers)
  await measure('a container: its containerd-shim', programs.map(parentOf), containers)
  return { rows, notes: [`${containers} containers; nothing is asked of them.`], details: {} }
}

type Measure = (of: string, pids: readonly number[], share?: number) => Promise<void>

async function alone(stage: Stage, measure: Measure): Promise<void> {
  const flags = ['--route', 'labelled']
  const plain = await openFairlead(stage, { flags })
  await measure('fairlead up', plain.controllers())
  await measure('HAProxy of it, master and worker', await plain.proxies())
  await plain.close()
  const under = ['env', 'NODE_OPTIONS=--max-old-space-size=64 --max-semi-space-size=1']
  const small = await openFairlead(stage, { flags, under })
  await measure('fairlead up, small heap', small.controllers())
  await small.close()
}

async function withConsul(stage: Stage, measure: Measure): Promise<void> {
  const front = await openFairleadConsul(stage)
  await measure('fairlead up --registry consul://', front.controllers())
  await front.close()
  const consul = await openConsul(stage)
  const registrator = await startRegistrator(stage, consul.address)
  await until('the containers are registered', async () => {
    const { body } = await consul.api<readonly unknown[]>('GET', `/v1/health/service/${service}`)
    return body.length >= containers
  })
  await measure('fairlead registrator', [registrator.pid])
  const source = join(stage.folder, 'memory.ctmpl')
  writeFileSync(source, `{{ range service "${service}" }}{{ .Address }}:{{ .Port }}\n{{ end }}`)
  const output = join(stage.folder, 'memory.out')
  const words = ['template', '-consul-addr', consul.address, '-template', `${source}:${output}`]
  const log = join(stage.folder, 'template.log')
  const template = await startProgram([process.execPath, bundle, ...words], log)
  stage.onClose(() => template.end())
  await measure('fairlead template', [template.pid])
  await measure('Consul, a server alone', [consul.pid ?? 0])
  await template.end()
  await registrator.end()
  await consul.close()
}

async function settled(pids: readonly number[]): Promise<readonly Memory[]> {
  await pause(settleMs)
  const seen: Memory[] = []
  for (let count = 0; count < readings; count += 1) {
    await pause(2000)
    seen.push(memoryMb(pids))
  }
  return seen
}

/** `share`: how many there are of it. */
function rowsOf(of: string, seen: readonly Memory[], share: number): readonly Row[] {
  const value = (of: (one: Memory) => number): number => median(seen.map(of)) / share
  return [
    { what: 'RSS', of, measured: value(({ rssMb }) => rssMb), unit: 'MB' },
    { what: 'of it anonymous', of, measured: value((one) => one.anonymousMb), unit: 'MB' },
  ]
}

async function pidOf(stage: Stage, id: string): Promise<number> {
  const { State } = await stage.docker.get<{ State: { Pid: number } }>(`/containers/${id}/json`)
  return State.Pid
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** Processes of this name that are on this machine's own network: no lab's, no container's. */
function named(name: string): readonly number[] {
  const own = readlinkSync('/proc/self/ns/net')
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const isNamed = readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name
        return isNamed && readlinkSync(`/proc/${pid}/ns/net`) === own
      } catch {
        // It has ended meanwhile.
        return false
      }
    })
}
