import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { capabilitiesOf } from '../../src/haproxy/capabilities.ts'
import type { RunningServer } from '../../src/haproxy/control.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import { parseInfo } from '../../src/haproxy/runtime/info.ts'
import { parseMap, showMapCommand } from '../../src/haproxy/runtime/maps.ts'
import { refusalOf } from '../../src/haproxy/runtime/replies.ts'
import { parseServers, showServersCommand } from '../../src/haproxy/runtime/servers.ts'
import { runCommands } from '../../src/haproxy/runtime/socket.ts'
import type { DesiredState } from '../../src/model/desired-state.ts'
import { modelOf, readBack } from '../support/diff-interpreter.ts'
import { serverContent, sharedSettings, stateOf } from '../support/diff-states.ts'
import { haproxyPrograms } from '../support/haproxies.ts'

let folder = ''
let haproxy: ChildProcess | undefined

afterEach(async () => {
  if (haproxy?.exitCode === null && haproxy.kill()) await once(haproxy, 'exit')
  rmSync(folder, { recursive: true, force: true })
})

const cases = haproxyPrograms().flatMap(({ line, path }) =>
  [false, true].map((isV6) => ({ line, path, isV6 })),
)

it.each(cases)('brings HAProxy $line from state to state (IPv6: $isV6)', async ({ path, isV6 }) => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-plan-'))
  const socket = join(folder, 'stats.sock')
  const mapPath = join(folder, 'hosts.map')
  const head = `global
  stats socket ${socket} mode 600 level admin
frontend unused
  bind unix@${join(folder, 'unused.sock')}
`
  const [drawn = expect.unreachable()] = fc.sample(sharedSettings, { numRuns: 1, seed: 7 })
  const states = fc
    .sample(serverContent, { numRuns: 40, seed: isV6 ? 6 : 4 })
    .map((content) => stateOf({ ...drawn, isV6 }, content, { head, mapPath }))
  let current = { ...(states[0] ?? expect.unreachable()), servers: new Map() } as DesiredState
  await start(path, current, mapPath, socket)
  const [info = ''] = await runCommands(socket, ['show info'])
  const capabilities = capabilitiesOf(parseInfo(info)?.version ?? expect.unreachable())

  for (const wanted of states) {
    const base = { config: current.config, files: current.files, servers: await serversOf(socket) }
    const plan = planChanges(base, wanted, capabilities)
    expect(plan.kind).not.toBe('reload')
    expect(planChanges({ ...base, agreedStates: current.servers }, wanted, capabilities)).toEqual(
      plan,
    )
    if (plan.kind === 'runtime') {
      await runAll(socket, plan.commands)
      await runAll(
        socket,
        plan.removals.map((id) => `del server ${id}`),
      )
    }
    const servers = await serversOf(socket)
    expect(essence(servers)).toEqual(essence(readBack(modelOf(wanted))))
    const [map = ''] = await runCommands(socket, [showMapCommand(mapPath)])
    const entries = parseMap(map)?.map(({ key, value }) => [key, value]) ?? []
    expect(new Map(entries as [string, string][])).toEqual(modelOf(wanted).maps.get(mapPath))
    expect(entries.length).toBe(modelOf(wanted).maps.get(mapPath)?.size)
    const again = { config: wanted.config, files: wanted.files, servers }
    expect(planChanges(again, wanted, capabilities).kind).toBe('none')
    current = wanted
  }
})

async function start(
  program: string,
  state: DesiredState,
  mapPath: string,
  socket: string,
): Promise<void> {
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, state.config)
  writeFileSync(mapPath, state.files.get(mapPath) ?? '')
  haproxy = spawn(program, ['-db', '-f', file], { stdio: 'ignore' })
  await once(haproxy, 'spawn')
  // The path may be there a moment before HAProxy listens on it.
  await expect.poll(() => runCommands(socket, ['show info'])).toHaveLength(1)
}

async function serversOf(socket: string): Promise<Map<string, RunningServer>> {
  const [reply = ''] = await runCommands(socket, [showServersCommand()])
  return parseServers(reply)
}

/** Without HAProxy's own opinion: nothing listens at these addresses. */
function essence(servers: ReadonlyMap<string, RunningServer>): unknown {
  const all = [...servers].map(([id, server]) => [id, { ...server, operational: undefined }])
  return Object.fromEntries(all) as unknown
}

async function runAll(socket: string, commands: readonly string[]): Promise<void> {
  const replies = await runCommands(socket, commands)
  const refused = replies.flatMap((reply, index) =>
    refusalOf(reply) === undefined ? [] : [`${commands[index]}: ${reply}`],
  )
  expect(refused).toEqual([])
}
