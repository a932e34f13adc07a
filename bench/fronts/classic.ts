import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDescendants } from '../stage/process-usage.ts'
import { startProgram } from '../stage/program.ts'
import type { Program } from '../stage/program.ts'
import { until } from '../stage/stage.ts'
import { freePort } from '../../test/support/ports.ts'
import type { Stage } from '../stage/stage.ts'
import type { Front } from './front.ts'
import { handWrittenConfig } from './haproxy-config.ts'
import { startRegistrator } from './registrator.ts'
import { isAnswering } from './traefik.ts'

export const classicPrograms: readonly string[] = [
  'registrator',
  'consul',
  'consul-template',
  'haproxy',
]

// A service with no healthy instance keeps its backend, as in the hand-written configuration.
const services = ['converge', 'shop', 'news', 'orders', 'idle']

/**
 * Registrator, Consul and consul-template in front of HAProxy, with the hand-written configuration
 * as the template: the classic stack as its manuals set it up, with container addresses.
 */
export async function openClassic(stage: Stage): Promise<Front> {
  const port = await freePort()
  const consul = await freePort()
  const folder = stage.folder
  const file = join(folder, 'classic.cfg')
  const template = join(folder, 'classic.ctmpl')
  const agentFile = join(folder, 'consul.json')
  const pidFile = join(folder, 'classic.pid')
  const reloadLog = join(folder, 'classic.reloads')
  const config = { port, socket: join(folder, 'classic.sock') }
  const none = new Map(services.map((name) => [name, []]))
  writeFileSync(file, handWrittenConfig({ ...config, services: none }))
  writeFileSync(template, templateText(config))
  writeFileSync(reloadLog, '')
  const [server, serf_lan, serf_wan] = [await freePort(), await freePort(), await freePort()]
  const ports = { http: consul, dns: -1, grpc: -1, server, serf_lan, serf_wan }
  writeFileSync(agentFile, JSON.stringify({ bind_addr: '127.0.0.1', ports }))

  const programs: Program[] = []
  const close = async (): Promise<void> => {
    for (const program of programs.toReversed()) await program.end('SIGTERM')
  }
  stage.onClose(close)
  const start = async (name: string, ...args: readonly string[]): Promise<Program> => {
    const program = await startProgram([name, ...args], join(folder, `classic-${name}.log`))
    programs.push(program)
    return program
  }
  const agent = await start('consul', 'agent', '-dev', '-config-file', agentFile)
  await until('Consul answers', () => isAnswering(consul, '/v1/status/leader'))
  const watcher = await startRegistrator(stage, `127.0.0.1:${consul}`, ['registrator'])
  programs.push(watcher)
  const proxy = await start('haproxy', '-W', '-db', '-p', pidFile, '-f', file)
  const reload = `haproxy -c -f ${file} && kill -USR2 $(cat ${pidFile}) && echo >> ${reloadLog}`
  const where = [
    '-consul-addr',
    `127.0.0.1:${consul}`,
    '-template',
    `${template}:${file}:${reload}`,
  ]
  const renderer = await start('consul-template', ...where)
  await until('the classic HAProxy answers', () => isAnswering(port))
  return {
    name: 'classic',
    port,
    consulUrl: `http://127.0.0.1:${consul}`,
    controllers: () => [agent.pid, watcher.pid, renderer.pid],
    proxies: () => withDescendants([proxy.pid]),
    reloads: () => readFileSync(reloadLog, 'utf8').length,
    close,
  }
}

// The backends of the hand-written configuration, with a loop over Consul's instances in each.
function templateText(config: { readonly port: number; readonly socket: string }): string {
  const loop = (name: string): string =>
    [
      `{{range $i, $e := service "${name}"}}`,
      '  server s{{$i}} {{.Address}}:{{.Port}}',
      '{{end}}',
    ].join('\n')
  const none = new Map(services.map((name) => [name, []]))
  const text = handWrittenConfig({ ...config, services: none })
  return text.replaceAll(/^backend (.+)$/gm, (line, name: string) => `${line}\n${loop(name)}`)
}
