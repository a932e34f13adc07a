import type { AdminState } from '../../model/desired-state.ts'
import type { Capabilities } from '../capabilities.ts'
import type { TextLine } from '../config/sections.ts'
import type { RunningServer } from '../control.ts'
import { compareServer } from './compare-server.ts'
import type { ServerOutcome } from './compare-server.ts'
import type { SectionPair } from './compare-structure.ts'
import {
  defaultServersAt,
  defaultServersOf,
  dynamicCookieKey,
  isFromTemplate,
  staticBalance,
} from './inherited.ts'
import type { DefaultServers } from './inherited.ts'
import type { Scan } from './scan-servers.ts'
import { cannotDelete, setStateCommand } from './server-commands.ts'
import { flattenParams, parseServerLine } from './server-line.ts'
import type { ServerLine, ServerParams } from './server-line.ts'
import type { Change, ReloadReason } from './plan.ts'
import type { Findings, Stage, Step } from './steps.ts'

export type BackendInput = SectionPair & {
  /** The lines in the new text that may ask for something; all others are as they should be. */
  readonly scan: Scan
  /** By name, without the servers of those other lines; emptied by the ones that are wanted. */
  readonly running: Map<string, RunningServer>
  /** By name; a server that is not listed is ready, unless its line says `disabled`. */
  readonly admin: ReadonlyMap<string, AdminState>
  readonly capabilities: Capabilities
  /** Whether other lines of the running text refer to a server, by `backend/server`. */
  readonly isReferenced: (key: string) => boolean
}

/** What one backend adds to what holds for all of them. */
export type BackendCase = Omit<BackendInput, 'capabilities' | 'isReferenced'>

/** What must be done to the servers of one `backend` or `listen` that is in both texts. */
export function planBackend(input: BackendInput): Findings {
  const { after, difference, scan } = input
  const changed = new Set(difference.servers.after.map(({ number }) => number))
  const defaults = { before: defaultServersOf(input.before), after: defaultServersOf(after) }
  const before = serversByName(difference.servers.before)
  const outcomes: ServerOutcome[] = []
  for (const line of scan.open) {
    const server = parseServerLine(line)
    const known = changed.has(line.number) ? before.get(server.name) : asBefore(input, server)
    outcomes.push(lookCloser(input, defaults, server, known))
  }
  const steps = outcomes.flatMap((outcome) => outcome.steps)
  const removed = removals(input, defaults.before, before)
  steps.push(...removed.steps)
  const keepsReady = (): boolean =>
    outcomes.some(({ staysReady }) => staysReady) || scan.hasSettledReady()
  const reasons = shorten(
    after.key,
    [...outcomes, removed].flatMap((outcome) => outcome.reasons),
  )
  return {
    steps: placeLeaving(steps, keepsReady),
    reasons: [...reasons, ...wholeBackend(input, steps)],
  }
}

/**
 * A server whose line is in both texts, with the number it had: only the same text can have
 * `default-server` lines after it, otherwise all of them count.
 */
function asBefore({ before, after }: BackendInput, server: ServerLine): ServerLine {
  const isSame = before.text === after.text
  const number = isSame ? server.number - after.line + before.line : Number.POSITIVE_INFINITY
  return { ...server, number }
}

function lookCloser(
  input: BackendInput,
  defaults: { before: DefaultServers; after: DefaultServers },
  after: ServerLine,
  before: ServerLine | undefined,
): ServerOutcome {
  const running = input.running.get(after.name)
  input.running.delete(after.name)
  return compareServer({
    label: input.after.key,
    backend: input.after.name,
    running,
    before: before === undefined ? undefined : withParams(defaults.before, before),
    after: withParams(defaults.after, after),
    admin: input.admin.get(after.name) ?? (after.isDisabled ? 'maint' : 'ready'),
    capabilities: input.capabilities,
    cookieKey: dynamicCookieKey(input.after),
    isReferenced: input.isReferenced(`${input.after.name}/${after.name}`),
  })
}

function withParams(
  defaults: DefaultServers,
  server: ServerLine,
): { server: ServerLine; params: ServerParams } {
  const params = flattenParams([...defaultServersAt(defaults, server.number), server.params])
  return { server, params }
}

function serversByName(lines: readonly TextLine[]): Map<string, ServerLine> {
  const servers = lines.map(parseServerLine)
  return new Map(servers.map((server) => [server.name, server]))
}

function removals(
  { after, running, isReferenced }: BackendInput,
  defaults: DefaultServers,
  before: ReadonlyMap<string, ServerLine>,
): Findings {
  const steps: Step[] = []
  const reasons: ReloadReason[] = []
  const { key: section, line } = after
  for (const server of running.values()) {
    if (isFromTemplate(after, server.name)) continue
    const known = before.get(server.name)
    const params = known === undefined ? undefined : withParams(defaults, known).params
    const why = cannotDelete(params, isReferenced(`${after.name}/${server.name}`))
    if (why !== undefined) {
      const text = `${section}: server ${server.name} was removed, but ${why}`
      reasons.push({ kind: 'server', text, section, line })
    }
    const commands =
      server.admin === 'maint' ? [] : [setStateCommand(after.name, server.name, 'maint')]
    const summary = `${after.key}: - server ${server.name}`
    steps.push({
      stage: 'leave',
      change: { kind: 'server-remove', summary, commands },
      removal: `${after.name}/${server.name}`,
    })
  }
  return { steps, reasons }
}

/**
 * Puts what leaves after what comes, where otherwise no server would be ready in between. Adds of
 * such a backend go before those of others, so that the leaving need not wait for them.
 */
function placeLeaving(steps: readonly Step[], keepsReady: () => boolean): Step[] {
  const isLeaving = steps.some(
    ({ stage, change }) => stage === 'leave' && change.commands.length > 0,
  )
  const isJoining = steps.some(({ stage }) => stage === 'add' || stage === 'adjust')
  if (!isLeaving || !isJoining || keepsReady()) return [...steps]
  const moved: Partial<Record<Stage, Stage>> = { leave: 'leave-after-add', add: 'add-then-leave' }
  return steps.map((step) => ({ ...step, stage: moved[step.stage] ?? step.stage }))
}

/** Reasons for a reload that hold for the backend, not for one server. */
function wholeBackend({ after }: BackendInput, steps: readonly Step[]): ReloadReason[] {
  const isMoved = steps.some(({ change: { kind } }) => moving.has(kind))
  const fixed = isMoved ? staticBalance(after) : undefined
  if (fixed === undefined) return []
  const { key: section, line } = after
  const text = `${section}: ${fixed}, which cannot be changed at runtime`
  return [{ kind: 'server', text, section, line }]
}

/** Changes that shift the shares of all servers. */
const moving: ReadonlySet<Change['kind']> = new Set([
  'server-add',
  'server-replace',
  'server-weight',
])

/** A thousand servers with the same trouble are one line, after some examples. */
function shorten(section: string, reasons: readonly ReloadReason[]): ReloadReason[] {
  if (reasons.length <= mostReasons) return [...reasons]
  const text = `${section}: ${reasons.length - mostReasons} more servers that only a reload can bring`
  return [...reasons.slice(0, mostReasons), { kind: 'server', text, section }]
}

const mostReasons = 5
