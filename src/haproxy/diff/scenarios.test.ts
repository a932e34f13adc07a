import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AdminState } from '../../model/desired-state.ts'
import { capabilitiesOf } from '../capabilities.ts'
import type { RunningServer } from '../control.ts'
import { deleteCommand } from './backend-commands.ts'
import { modelOf, readBack } from '../../../test/support/diff-interpreter.ts'
import { planChanges } from './plan-changes.ts'
import type { Plan } from './plan.ts'

// Each file: parts that start with `=== <name>`, then `----`, then the plan. Parts: `before`,
// `after` (texts; `before` left out: not known), `was <path>`, `file <path>` (contents before and
// after), `states` (admin states wanted), `running` (read-back that differs from `before`, or
// `gone`), `connections` (what HAProxy made room for), `version`; `versions` gives the plan of each of
// several, side by side. UPDATE=1 writes the plans anew, to be read in review.
const folder = join(import.meta.dirname, '../../../test/scenarios/diff')

describe('planned changes', () => {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
    it(name.replace('.txt', '').replaceAll('-', ' '), () => {
      const path = join(folder, name)
      const [input = '', expected = ''] = readFileSync(path, 'utf8').split('\n----\n')
      const actual = printAll(partsOf(input))
      if (process.env['UPDATE'] === '1') writeFileSync(path, `${input}\n----\n${actual}`)
      else expect(actual).toBe(expected)
    })
  }
})

type Parts = ReadonlyMap<string, string>

function partsOf(input: string): Parts {
  return new Map(
    input
      .split(/^=== /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  )
}

function printAll(parts: Parts): string {
  const versions = parts
    .get('versions')
    ?.split(/\s+/)
    .filter((version) => version !== '')
  if (versions === undefined) return print(plan(parts, parts.get('version')?.trim() ?? '2.6.12'))
  return versions.map((version) => `== ${version}\n${print(plan(parts, version))}`).join('')
}

function plan(parts: Parts, version: string): Plan {
  const before = parts.get('before')
  const after = parts.get('after') ?? before ?? ''
  const servers = runningServers(before ?? after, parts.get('running') ?? '')
  const states = new Map<string, AdminState>()
  for (const line of (parts.get('states') ?? '').split('\n').filter((text) => text !== '')) {
    const [id = '', state = ''] = line.split(' ')
    states.set(id, state as AdminState)
  }
  const connections = parts.get('connections')
  const mostConnections = connections === undefined ? undefined : Number(connections)
  return planChanges(
    { config: before, files: filesOf(parts, 'was '), servers, mostConnections },
    { config: after, files: filesOf(parts, 'file '), servers: states },
    capabilitiesOf(version),
  )
}

function runningServers(config: string, overrides: string): Map<string, RunningServer> {
  const servers = readBack(modelOf({ config, files: new Map(), servers: new Map() }))
  for (const line of overrides.split('\n').filter((text) => text !== '')) {
    const [id = '', ...words] = line.split(' ')
    const [backend = '', name = ''] = id.split('/')
    servers.delete(id)
    if (words[0] === 'gone') continue
    const [address = '', port = '', weight = '', admin = '', operational = 'running'] = words
    const states = { admin, operational } as Pick<RunningServer, 'admin' | 'operational'>
    servers.set(id, {
      backend,
      name,
      address,
      port: Number(port),
      weight: Number(weight),
      ...states,
    })
  }
  return servers
}

function filesOf(parts: Parts, prefix: string): Map<string, string> {
  const named = [...parts].filter(([name]) => name.startsWith(prefix))
  return new Map(named.map(([name, content]) => [name.slice(prefix.length), content]))
}

function print(result: Plan): string {
  const lines: string[] = [result.kind]
  for (const { kind, summary } of result.changes) lines.push(`${kind}: ${summary}`)
  if (result.kind === 'reload') lines.push(...result.reasons.map(({ text }) => `because ${text}`))
  if (result.kind === 'runtime') {
    lines.push(...result.commands.map((command) => `> ${command.trimEnd()}`))
    lines.push(...result.removals.map((id) => `later ${deleteCommand(id)}`))
  }
  return `${lines.join('\n')}\n`
}
