import type { AdminState } from '../../model/desired-state.ts'
import type { Capabilities } from '../capabilities.ts'
import { showWords } from '../config/split-words.ts'
import type { RunningServer } from '../control.ts'
import { escapeWord } from '../runtime/words.ts'
import { isSameAddress, parseServerAddress, printServerAddress } from './address.ts'
import type { Change } from './plan.ts'
import { canTakeTraffic } from './scan-servers.ts'
import { addServerCommands, cannotDelete, setStateCommand } from './server-commands.ts'
import type { Commands } from './server-commands.ts'
import { differingKeywords, paramOf, setInPlace } from './server-line.ts'
import type { ServerLine, ServerParams } from './server-line.ts'
import type { Findings, Stage } from './steps.ts'

type WithParams = { readonly server: ServerLine; readonly params: ServerParams }

export type ServerInput = {
  /** `backend app`. */
  readonly label: string
  readonly backend: string
  /** Undefined: HAProxy has no such server. */
  readonly running: RunningServer | undefined
  /** Its line in the running text; undefined: there is none. */
  readonly before: WithParams | undefined
  readonly after: WithParams
  readonly admin: AdminState
  readonly capabilities: Capabilities
  /** Of the dynamic cookies of its backend; undefined: it has none. */
  readonly cookieKey: string | undefined
  /** Other lines of the running text refer to it. */
  readonly isReferenced: boolean
}

export type ServerOutcome = Findings & {
  /** It takes traffic before, during and after the change. */
  readonly staysReady: boolean
}

/** What must be done to one server that is wanted. */
export function compareServer(input: ServerInput): ServerOutcome {
  const { running, before } = input
  if (running === undefined) return add(input)
  if (before === undefined) return replace(input, running, 'its parameters are not known')
  const differing = differences(before, input.after)
  if (differing !== undefined) return replace(input, running, differing)
  return adjust(input, running, before)
}

function add(input: ServerInput): ServerOutcome {
  const { label, after, admin } = input
  const result = commandsToAdd(input)
  const suffix = admin === 'ready' ? '' : ` (${admin})`
  const summary = `${label}: + server ${showWords([after.server.name, after.server.address])}${suffix}`
  if ('refusal' in result) return refused('server-add', summary, input, result.refusal)
  return one('add', { kind: 'server-add', summary, commands: result.commands })
}

function commandsToAdd({ backend, after, admin, capabilities, cookieKey }: ServerInput): Commands {
  return addServerCommands(backend, after.server, after.params, admin, capabilities, cookieKey)
}

/**
 * Takes the server away and adds it anew. `del server` is refused while it has connections; the
 * apply stage then reloads.
 */
function replace(input: ServerInput, running: RunningServer, why: string): ServerOutcome {
  const { label, backend, after } = input
  const result = commandsToAdd(input)
  const summary = `${label}: ~ server ${after.server.name} replaced: ${why}`
  if ('refusal' in result) return refused('server-replace', summary, input, result.refusal)
  const kept = cannotDelete(input.before?.params, input.isReferenced)
  if (kept !== undefined) return refused('server-replace', summary, input, `${why}; ${kept}`)
  const away = running.admin === 'maint' ? [] : [setStateCommand(backend, running.name, 'maint')]
  const commands = [...away, `del server ${backend}/${running.name}`, ...result.commands]
  return one('add', { kind: 'server-replace', summary, commands })
}

/** Which parameters differ, for people; undefined: none that needs a new server. */
function differences(before: WithParams, after: WithParams): string | undefined {
  if (before.params.unknown !== undefined || after.params.unknown !== undefined) {
    const isSame = before.server.params.join('\0') === after.server.params.join('\0')
    return isSame ? undefined : 'its parameters differ'
  }
  const isLiteral = parseServerAddress(after.server.address) !== undefined
  if (!isLiteral && before.server.address !== after.server.address) {
    return showWords([before.server.address, '→', after.server.address])
  }
  const keywords = differingKeywords(before.params, after.params)
  if (keywords.length === 0) return undefined
  return showWords([
    keywords.map((keyword) => describe(keyword, before.params, after.params)).join(', '),
  ])
}

function describe(keyword: string, before: ServerParams, after: ServerParams): string {
  const old = before.byKeyword.get(keyword)
  const wanted = after.byKeyword.get(keyword)
  if (old === undefined) return ['+', keyword, ...(wanted ?? [])].join(' ')
  if (wanted === undefined) return ['-', keyword, ...old].join(' ')
  return `${keyword} ${old.join(' ')} → ${wanted.join(' ')}`
}

function adjust(input: ServerInput, running: RunningServer, before: WithParams): ServerOutcome {
  const { label, backend, after, admin } = input
  const steps: ServerOutcome['steps'] = []
  const id = `${backend}/${running.name}`
  const change = (stage: Stage, kind: Change['kind'], what: string, command: string): void => {
    const summary = `${label}: ~ server ${running.name} ${what}`
    steps.push({ stage, change: { kind, summary, commands: [command] } })
  }
  const address = parseServerAddress(after.server.address)
  if (address !== undefined && !isRunningAt(running, address)) {
    const from = printServerAddress({ address: running.address, port: running.port })
    const what = `${from} → ${printServerAddress(address)}`
    const command = `set server ${id} addr ${address.address} port ${address.port}`
    change('adjust', 'server-address', what, command)
  }
  const weight = weightToSet(running, before, after)
  if (weight !== undefined) {
    const what = `weight ${running.weight} → ${weight}`
    change('adjust', 'server-weight', what, `set server ${id} weight ${weight}`)
  }
  const [oldMaxconn, maxconn] = [before, after].map(
    ({ params }) => paramOf(params, 'maxconn') ?? '0',
  )
  if (oldMaxconn !== maxconn) {
    const what = `maxconn ${oldMaxconn} → ${maxconn}`
    change('adjust', 'server-maxconn', what, `set maxconn server ${id} ${maxconn}`)
  }
  for (const [keyword, word] of setInPlace) {
    const [old, wanted] = [paramOf(before.params, keyword), paramOf(after.params, keyword)]
    if (wanted === undefined || old === wanted) continue
    const command = `set server ${id} ${word} ${escapeWord(wanted)}`
    change('adjust', 'server-check', `${keyword} ${old} → ${wanted}`, command)
  }
  if (running.admin !== admin) {
    const stage = admin === 'ready' ? 'adjust' : 'leave'
    const what = `${running.admin} → ${admin}`
    change(stage, 'server-state', what, setStateCommand(backend, running.name, admin))
  }
  const staysReady = admin === 'ready' && canTakeTraffic(running)
  return { steps, reasons: [], staysReady }
}

function isRunningAt(running: RunningServer, wanted: { address: string; port: number }): boolean {
  return running.port === wanted.port && isSameAddress(running.address, wanted.address)
}

/** An agent check sets the weight too; then only a change of the text counts. */
function weightToSet(
  running: RunningServer,
  before: WithParams,
  after: WithParams,
): string | undefined {
  const weight = paramOf(after.params, 'weight') ?? '1'
  // A variable of HAProxy's environment; what it stands for is not known here.
  if (!/^\d+$/.test(weight)) return undefined
  if (Number(weight) === running.weight) return undefined
  const isAgentsWord = after.params.byKeyword.has('agent-check')
  return isAgentsWord && weight === (paramOf(before.params, 'weight') ?? '1') ? undefined : weight
}

function one(stage: Stage, change: Change): ServerOutcome {
  return { steps: [{ stage, change }], reasons: [], staysReady: false }
}

function refused(
  kind: Change['kind'],
  summary: string,
  input: ServerInput,
  why: string,
): ServerOutcome {
  const outcome = one('add', { kind, summary, commands: [] })
  const { label: section } = input
  const { name, number: line } = input.after.server
  const text = `${section}: server ${name}: ${why}`
  return { ...outcome, reasons: [{ kind: 'server', text, section, line }] }
}
