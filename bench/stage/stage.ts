import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Docker, dockerHosts, dockerTarget } from '../../demo/docker.ts'
import { Containers } from './containers.ts'
import { DockerEvents } from './docker-events.ts'
import { isAlive } from './process-usage.ts'

/** What a bench stands on. Everything it makes is taken away by `close`. */
export type Stage = {
  /** Unique word of this run: part of every name. */
  readonly run: string
  readonly folder: string
  readonly docker: Docker
  readonly events: DockerEvents
  readonly containers: Containers
  /** Called by `close`, newest first. */
  onClose(release: () => Promise<unknown> | undefined): void
  close(): Promise<void>
}

const signalExitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

/** Opens a stage on the local Docker daemon. A signal closes it and ends the process. */
export async function openStage(): Promise<Stage> {
  const run = `bench-${randomBytes(3).toString('hex')}`
  const target = dockerTarget(dockerHosts(process.env)[0] ?? '', process.env)
  if (target === undefined) throw new Error('The benches need a Docker daemon by socket or tcp.')
  const docker = new Docker(target)
  const folder = mkdtempSync(join(tmpdir(), `fairlead-${run}-`))
  const abort = new AbortController()
  const label = `bench.fairlead.run=${run}`
  await removeLeftOvers(docker)
  const events = await DockerEvents.open(target, label, abort.signal)
  const containers = new Containers(docker, events, run)

  const releases: (() => Promise<unknown> | undefined)[] = [
    async () => rmSync(folder, { recursive: true, force: true }),
    async () => abort.abort(),
    () => containers.removeAll(),
  ]
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= closeAll(releases))
  for (const [signal, code] of Object.entries(signalExitCodes)) {
    process.once(signal, () => {
      console.log(`${signal}: cleaning up`)
      void close().finally(() => process.exit(code))
    })
  }
  const onClose = (release: () => Promise<unknown> | undefined): void => void releases.push(release)
  return { run, folder, docker, events, containers, onClose, close }
}

// One failed release must not keep the others from running.
async function closeAll(releases: (() => Promise<unknown> | undefined)[]): Promise<void> {
  const failures: unknown[] = []
  for (let release = releases.pop(); release !== undefined; release = releases.pop()) {
    try {
      await release()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up failed')
}

// A run that was ended by `kill -9` leaves containers behind; they name the process that made them.
async function removeLeftOvers(docker: Docker): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['bench.fairlead.pid'] }))
  const found = await docker.get<readonly { Id: string; Labels: Record<string, string> }[]>(
    `/containers/json?all=1&filters=${filters}`,
  )
  for (const { Id, Labels } of found) {
    if (isAlive(Number(Labels['bench.fairlead.pid']))) continue
    await docker.call('DELETE', `/containers/${Id}?force=1`, [204, 404, 409])
  }
}

/** Asks again every few milliseconds until the condition holds; throws after the time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 30_000, everyMs = 20 } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs / 1000} s: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
