import { execFile } from 'node:child_process'
import { createConnection } from 'node:net'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withDescendants } from '../stage/process-usage.ts'
import { startProgram } from '../stage/program.ts'
import { until } from '../stage/stage.ts'
import { freePort } from '../../test/support/ports.ts'
import type { Stage } from '../stage/stage.ts'
import type { Front } from './front.ts'
import { handWrittenConfig } from './haproxy-config.ts'
import type { StaticServer } from './haproxy-config.ts'

const run = promisify(execFile)

const watched = new Set(['start', 'kill', 'die'])

/**
 * HAProxy with the hand-written configuration, and what an administrator without fairlead does: a
 * script that, at each Docker event, lists the containers, writes the file, checks it with
 * `haproxy -c` and reloads over the master socket. A container that is being stopped is left out at
 * its `kill` event; events during a reload are taken together into the next.
 */
export async function openHandWritten(stage: Stage): Promise<Front> {
  const port = await freePort()
  const file = join(stage.folder, 'hand-written.cfg')
  const master = join(stage.folder, 'hand-written.sock')
  const socket = join(stage.folder, 'hand-written-worker.sock')
  const ending = new Set<string>()
  const write = async (): Promise<void> => {
    const services = await listServers(stage, ending)
    await writeFile(`${file}.new`, handWrittenConfig({ port, socket, services }))
    await rename(`${file}.new`, file)
  }
  await write()
  const command = ['haproxy', '-W', '-db', '-S', `${master},mode,600`, '-f', file]
  const program = await startProgram(command, join(stage.folder, 'hand-written.log'))

  let reloads = 0
  let failure: unknown
  const reload = async (): Promise<void> => {
    await write()
    await run('haproxy', ['-c', '-f', file])
    const before = await reloadCount(master)
    await ask(master, 'reload')
    await until('the reload is done', async () => (await reloadCount(master)) > before, {
      everyMs: 5,
    })
    reloads += 1
  }
  const trigger = oneAtATime(reload, (error) => (failure ??= error))
  const release = stage.events.listen((event) => {
    if (!watched.has(event.action)) return
    if (event.action === 'start') ending.delete(event.id)
    else ending.add(event.id)
    trigger()
  })
  const front: Front = {
    name: 'hand-written',
    port,
    controllers: () => [],
    proxies: () => withDescendants([program.pid]),
    reloads() {
      if (failure !== undefined) throw failure
      return reloads
    },
    async close() {
      release()
      await trigger.idle()
      await program.end('SIGTERM')
    },
  }
  stage.onClose(() => front.close())
  await until('the hand-written HAProxy answers', async () => {
    if (!program.isRunning()) throw new Error(`haproxy has ended:\n${program.output()}`)
    return (await reloadCount(master)) >= 0
  })
  return front
}

type Trigger = (() => void) & { idle(): Promise<void> }

// Runs the work; asked again meanwhile, once more after that.
function oneAtATime(work: () => Promise<void>, onError: (error: unknown) => void): Trigger {
  let isAskedAgain = false
  let running: Promise<void> | undefined
  const loop = async (): Promise<void> => {
    do {
      isAskedAgain = false
      await work().catch(onError)
    } while (isAskedAgain)
    running = undefined
  }
  const trigger = (): void => {
    if (running === undefined) running = loop()
    else isAskedAgain = true
  }
  return Object.assign(trigger, { idle: () => running ?? Promise.resolve() })
}

async function listServers(
  stage: Stage,
  ending: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly StaticServer[]>> {
  const filters = JSON.stringify({ label: [`bench.fairlead.run=${stage.run}`] })
  const listed = await stage.docker.get<
    readonly {
      Id: string
      Names: readonly string[]
      Labels: Record<string, string>
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
    }[]
  >(`/containers/json?filters=${encodeURIComponent(filters)}`)
  const services = new Map<string, StaticServer[]>()
  for (const { Id, Names, Labels, NetworkSettings } of listed) {
    const service = Labels['bench.fairlead.service'] ?? ''
    const servers = services.get(service) ?? []
    services.set(service, servers)
    const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? ''
    if (address === '' || ending.has(Id)) continue
    servers.push({ name: Names[0]?.slice(1) ?? Id, address, port: 80 })
  }
  return services
}

// `show proc` (management guide, 9.4): `PID <type> <reloads> …`; the master's is its reload count.
// Refused for a moment at start and at a reload, while the master executes itself anew.
async function reloadCount(master: string): Promise<number> {
  const answer = await ask(master, 'show proc')
  return Number(/^\d+\s+master\s+(\d+)/m.exec(answer)?.[1] ?? -1)
}

function ask(socket: string, command: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const connection = createConnection(socket, () => connection.write(`${command};quit\n`))
    connection.setEncoding('utf8')
    connection.on('data', (text: string) => (answer += text))
    connection.once('error', () => resolve(''))
    connection.once('close', () => resolve(answer))
  })
}
