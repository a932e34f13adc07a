import type { AdminState, DesiredState } from '../../model/desired-state.ts'
import type { Capabilities } from '../capabilities.ts'
import { firstWord, linesOf } from '../config/sections.ts'
import type { TextLine } from '../config/sections.ts'
import type { RunningBackend, RunningServer } from '../control.ts'
import { addBackendCommand, publishCommand } from './backend-commands.ts'
import { byBackend } from './by-backend.ts'
import { noDifference } from './compare-lines.ts'
import type { Structure } from './compare-structure.ts'
import { cannotBeDynamic } from './dynamic-backend.ts'
import { lastSetting } from './inherited.ts'
import { hasServers } from './layout.ts'
import type { Layout, PlacedSection } from './layout.ts'
import { planBackend } from './plan-backend.ts'
import { cannotDelete, setStateCommand } from './server-commands.ts'
import type { RunningState } from './plan.ts'
import { settingsNamed } from './settings.ts'
import type { Findings, Step } from './steps.ts'

type Input = {
  readonly base: RunningState
  readonly desired: DesiredState
  readonly structure: Structure
  readonly drift: BackendDrift
  readonly capabilities: Capabilities
  /** Whether other lines of the running text refer to a server, by `backend/server`. */
  readonly isReferenced: (key: string) => boolean
}

/** What must be done so that HAProxy has the backends of the desired state, and no others. */
export function planWholeBackends(input: Input): Findings {
  const { base, desired, structure, drift, capabilities, isReferenced } = input
  const { steps, reasons } = drift.findings
  const added = [...structure.added, ...drift.missing]
  const admins = added.length === 0 ? new Map() : byBackend(desired.servers)
  for (const section of added) {
    const { key, name, line } = section
    const found = addBackend(section, admins.get(name) ?? new Map(), capabilities)
    steps.push(...found.steps)
    reasons.push(...found.reasons)
    if (base.backends?.has(name) !== true) continue
    const text = `${key} is new, and HAProxy has one of this name that its text does not have (line ${line})`
    reasons.push({ kind: 'section', text, section: key, line })
  }
  const isThere = (name: string): boolean => base.backends?.has(name) !== false
  const gone = structure.gone.map(({ name }) => name).filter(isThere)
  for (const [name, servers] of serversIn([...gone, ...drift.foreign], base)) {
    steps.push(...endBackend(name, servers))
    const kept = servers.find((server) => isReferenced(`${name}/${server.name}`))
    if (kept === undefined) continue
    const why = cannotDelete(undefined, true)
    const text = `backend ${name} was removed: server ${kept.name}: ${why}`
    reasons.push({ kind: 'server', text, section: `backend ${name}` })
  }
  return { steps, reasons }
}

/** By backend, in the order of the names. */
function serversIn(
  names: readonly string[],
  { servers }: RunningState,
): Map<string, RunningServer[]> {
  const found = new Map<string, RunningServer[]>(names.map((name) => [name, []]))
  if (names.length === 0) return found
  for (const server of servers.values()) found.get(server.backend)?.push(server)
  return found
}

/**
 * Makes a backend and its servers, and publishes it when all are there (management.txt §9.3,
 * `add backend`). `admin`: by server name.
 */
function addBackend(
  section: PlacedSection,
  admin: ReadonlyMap<string, AdminState>,
  capabilities: Capabilities,
): Findings {
  const { key, name } = section
  const lines = serverLines(section)
  const servers = planBackend({
    before: section,
    after: section,
    difference: { ...noDifference, servers: { before: [], after: lines } },
    scan: { open: lines, hasSettledReady: () => false },
    running: new Map(),
    admin,
    capabilities,
    isReferenced: () => false,
  })
  const from = section.defaults?.name ?? ''
  const mode = lastSetting(section, 'mode') === undefined ? 'tcp' : undefined
  const summary = `+ ${key} (servers: ${lines.length})`
  return {
    steps: [
      backendStep('backend-add', summary, addBackendCommand(name, from, mode)),
      ...servers.steps.map((step): Step => ({ ...step, stage: 'add-backend' })),
      backendStep('backend-add', `${key}: published`, publishCommand(name, true)),
    ],
    reasons: servers.reasons,
  }
}

function backendStep(kind: 'backend-add', summary: string, command: string): Step {
  return { stage: 'add-backend', change: { kind, summary, commands: [command] } }
}

function serverLines(section: PlacedSection): TextLine[] {
  return linesOf(section).filter(({ text, number }) => firstWord(text, 0, number) === 'server')
}

/** Ends a backend: no rule chooses it any more, its servers go, and then it is deleted. */
function endBackend(name: string, servers: Iterable<RunningServer>): Step[] {
  const label = `backend ${name}`
  const steps: Step[] = []
  const stage = 'end-backend'
  const unpublish = publishCommand(name, false)
  steps.push({
    stage,
    change: { kind: 'backend-remove', summary: `- ${label}`, commands: [unpublish] },
  })
  for (const server of servers) {
    const isAway = server.admin === 'maint'
    const commands = isAway ? [] : [setStateCommand(name, server.name, 'maint')]
    const summary = `${label}: - server ${server.name}`
    const change = { kind: 'server-remove', summary, commands } as const
    steps.push({ stage, change, removal: `${name}/${server.name}` })
  }
  const change = { kind: 'backend-remove', summary: `${label}: deleted`, commands: [] } as const
  steps.push({ stage, change, removal: name })
  return steps
}

/** What somebody else did to backends: `missing` ones are made anew, what no text names is ended. */
export type BackendDrift = {
  readonly missing: readonly PlacedSection[]
  /** Names of backends that neither text has. */
  readonly foreign: readonly string[]
  readonly findings: Findings
}

export function noDrift(): BackendDrift {
  return { missing: [], foreign: [], findings: { steps: [], reasons: [] } }
}

/** Compares the backends that HAProxy says it has with those of the texts. */
export function driftedBackends(
  running: ReadonlyMap<string, RunningBackend> | undefined,
  before: Layout,
  after: Layout,
): BackendDrift {
  if (running === undefined || before.isConditional || after.isConditional) return noDrift()
  const findings: Findings = { steps: [], reasons: [] }
  const missing: PlacedSection[] = []
  for (const section of after.sections.values()) {
    if (!hasServers(section) || !before.sections.has(section.key)) continue
    const backend = running.get(section.name)
    const why = backend === undefined ? cannotBeDynamic(section, after) : undefined
    const { key, line } = section
    if (why !== undefined) {
      const text = `${key} is gone from HAProxy, and wants a reload: ${why}`
      findings.reasons.push({ kind: 'section', text, section: key, line })
    } else if (backend === undefined) missing.push(section)
    else if (!backend.isPublished && settingsNamed(section, 'be-unpublished').length === 0) {
      const command = publishCommand(section.name, true)
      findings.steps.push(backendStep('backend-add', `${key}: published`, command))
    }
  }
  const named = new Set([before, after].flatMap(namesOfBackends))
  return { missing, foreign: [...running.keys()].filter((name) => !named.has(name)), findings }
}

function namesOfBackends({ sections }: Layout): string[] {
  return [...sections.values()].filter(hasServers).map(({ name }) => name)
}
