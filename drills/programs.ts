import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call } from '../demo/http.ts'
import type { Host } from '../test/lab/host.ts'
import type { HostProcess } from '../test/lab/host-process.ts'
import { until } from '../test/lab/until.ts'

/** A fairlead program on a host. */
export type Program = {
  readonly process: HostProcess
  /** The last lines that it and those before it on this host wrote. */
  output(): string
}

/** `fairlead registrator` with the host's own Consul agent. */
export async function startAgent(
  host: Host,
  bundle: string,
  flags: readonly string[],
): Promise<Program> {
  const standard = ['-deregister-on', 'drain', '-cleanup-by-id', '-retry-attempts', '-1']
  const args = [bundle, 'registrator', ...standard, ...flags, 'consul://127.0.0.1:8500']
  return start(host, 'agent', args)
}

/**
 * `fairlead up` that balances what Consul knows, on port 80 of the host, or of the network of a
 * container; resolves when it is ready.
 */
export async function startBalancer(
  host: Host,
  bundle: string,
  stateFolder: string,
  container: string | undefined,
): Promise<Program> {
  const registry = ['--docker', 'none', '--registry', `consul://${host.consulAddress}`]
  const where = ['--state-folder', stateFolder, '--http', '*:80', '--admin', 'none']
  await expectDeadNodes(host, container)
  const args = [bundle, 'up', ...where, ...registry, '--log-format', 'json']
  const program = await start(host, 'fairlead', args, container)
  const target = { socketPath: join(stateFolder, 'admin.sock') }
  const isReady = async (): Promise<boolean> => {
    if (!program.process.isRunning) throw new Error(`fairlead has ended:\n${program.output()}`)
    return (await call(target, 'GET', '/readyz', { timeoutMs: 1000 })).status === 200
  }
  await until(`fairlead of ${host.name} is ready`, isReady)
  return program
}

/** As docs/operations.md advises under "What faults cost". */
async function expectDeadNodes(host: Host, container: string | undefined): Promise<void> {
  const args = ['-w', 'net.ipv4.tcp_retries2=4']
  if (container === undefined) await host.run('sysctl', args)
  else await host.inContainer(container, 'sysctl', args)
}

async function start(
  host: Host,
  name: string,
  args: readonly string[],
  container?: string,
): Promise<Program> {
  const file = join(host.folder, `${name}.log`)
  const log = openSync(file, 'a')
  const options = { stdio: ['ignore', log, log] as ('ignore' | number)[] }
  const process =
    container === undefined
      ? host.spawn(node, args, options)
      : await host.spawnInContainer(container, node, args, options)
  closeSync(log)
  return {
    process,
    output: () => readFileSync(file, 'utf8').split('\n').slice(-30).join('\n'),
  }
}

const node = process.execPath
