import { isIP } from 'node:net'
import type { Candidate } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Decision, Problem } from '../model/problem.ts'
import type { RoutingSettings } from './contract.ts'
import { shown, shownName } from './label-values.ts'
import { type Labels, readLabels } from './labels.ts'

type RouteMode = RoutingSettings['routeMode']

/** Whether an endpoint is routed, and how that was decided. */
export type Selection =
  | { readonly isRouted: true; readonly labels: Labels; readonly decisions: readonly Decision[] }
  | { readonly isRouted: false; readonly decisions: readonly Decision[] }

/** What was decided about all endpoints of one candidate. */
export type CandidateSelection = {
  readonly byEndpoint: ReadonlyMap<string, Selection>
  readonly problems: readonly Problem[]
}

const cache = new WeakMap<Candidate, { mode: RouteMode; selection: CandidateSelection }>()

/**
 * Decides which endpoints of a candidate are routed. A candidate is seen as a whole, since which of
 * several ports is meant can only be said knowing all of them. The same object is decided once.
 */
export function selectOf(candidate: Candidate, mode: RouteMode): CandidateSelection {
  const known = cache.get(candidate)
  if (known?.mode === mode) return known.selection
  const selection = decide(candidate, mode)
  cache.set(candidate, { mode, selection })
  return selection
}

function decide(candidate: Candidate, mode: RouteMode): CandidateSelection {
  const tcp = candidate.endpoints.filter((endpoint) => endpoint.protocol === 'tcp')
  const problems = new Map<string, Problem>()
  const complain = (problem: Problem): void => {
    problems.set(`${problem.where}\n${problem.what}`, problem)
  }
  const byEndpoint = new Map<string, Selection>()
  for (const endpoint of candidate.endpoints) {
    const labels = readLabels(endpoint.labels)
    for (const { key, what, hint } of labels.problems) {
      complain({ where: `${titleOf(candidate)}, label ${labelName(key)}`, what, hint })
    }
    const verdict = verdictOn(endpoint, labels, { candidate, tcp, mode })
    if (verdict.isProblem) {
      complain({ where: titleOf(candidate), what: verdict.what, hint: verdict.hint })
    }
    byEndpoint.set(endpoint.id, selectionOf(labels, verdict))
  }
  return { byEndpoint, problems: [...problems.values()] }
}

type Verdict = {
  readonly isRouted: boolean
  /** The user asked for routing and does not get it. */
  readonly isProblem: boolean
  readonly what: string
  readonly hint: string
}

type Context = {
  readonly candidate: Candidate
  readonly tcp: readonly Endpoint[]
  readonly mode: RouteMode
}

function verdictOn(endpoint: Endpoint, labels: Labels, context: Context): Verdict {
  if (labels.isEnabled === false) return no('the label fairlead.enable says false')
  if (endpoint.protocol !== 'tcp') return no('it is a UDP port; only TCP is routed')
  if (!isAddress(endpoint)) {
    return problem(`its address ${shown(endpoint.address)} port ${endpoint.port} is none`, '')
  }
  if (labels.port !== undefined) return portVerdict(endpoint, labels.port, context)
  if (labels.isLabelled) return labelledVerdict(endpoint, context)
  if (context.candidate.kind === 'registration') return registrationVerdict(context)
  if (context.candidate.kind === 'instance') return instanceVerdict(context.candidate)
  const ownTcp = distinctPorts(context.tcp)
  if (context.tcp.some((other) => readLabels(other.labels).isLabelled)) {
    return no(`the routing labels are on other ports than ${endpoint.exposedPort}`)
  }
  return unlabelledVerdict(endpoint, ownTcp, context.mode)
}

/** An address goes into the configuration as it is, so that it is looked at once more. */
function isAddress({ address, port }: Endpoint): boolean {
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535
  return isPort && isIP(address) !== 0 && !address.includes('%')
}

function portVerdict(endpoint: Endpoint, port: number | 'invalid', { tcp }: Context): Verdict {
  const ports = distinctPorts(tcp)
  const hint = `give fairlead.port one of its ports: ${ports.join(', ')}`
  if (port === 'invalid') return problem('the label fairlead.port is not a port number', hint)
  if (endpoint.exposedPort === port) return yes(`the label fairlead.port says ${port}`)
  if (!ports.includes(port)) {
    return problem(`the label fairlead.port says ${port}, which it does not expose`, hint)
  }
  return no(`the label fairlead.port says ${port}, not ${endpoint.exposedPort}`)
}

function labelledVerdict(endpoint: Endpoint, { tcp }: Context): Verdict {
  const ports = distinctPorts(tcp)
  if (ports.length === 1) return yes(`it has routing labels, and one port: ${endpoint.exposedPort}`)
  const own = JSON.stringify(endpoint.labels)
  const isPortSpecific = tcp.some((other) => JSON.stringify(other.labels) !== own)
  if (isPortSpecific) return yes(`it has routing labels for port ${endpoint.exposedPort}`)
  return severalPorts(ports, true)
}

function registrationVerdict({ mode }: Context): Verdict {
  if (mode === 'labelled') return no('it has no fairlead_* meta, and --route is labelled')
  return yes('it was registered through the API, so that it offers something')
}

/** What somebody else registered in Consul is routed when it is meant for it, not because it is there. */
function instanceVerdict({ chosenBy }: Candidate): Verdict {
  if (chosenBy !== undefined) return yes(`${chosenBy} names it`)
  return no(
    'it has no fairlead_* meta and no fairlead.* tag, and neither --service nor --tag names it',
    'register it with Meta {"fairlead_enable": "true"}, or name it with --service',
  )
}

function unlabelledVerdict(endpoint: Endpoint, ports: readonly number[], mode: RouteMode): Verdict {
  const port = endpoint.exposedPort
  if (mode === 'labelled') {
    return no(
      'it has no routing label, and --route is labelled',
      'add the label fairlead.enable=true',
    )
  }
  if (port === 80) return yes('it offers a website: port 80')
  if (port === 8080 && ports.length === 1) return yes('it offers a website: port 8080 alone')
  if (mode === 'web') {
    return no(
      `it has no routing label, and port ${port} is not that of a website (80, or 8080 alone)`,
      `add the label fairlead.port=${port}`,
    )
  }
  if (ports.includes(80)) return no('of its ports, 80 is routed')
  if (ports.length === 1) return yes('--route is all')
  return severalPorts(ports, false)
}

function severalPorts(ports: readonly number[], isProblem: boolean): Verdict {
  return {
    isRouted: false,
    isProblem,
    what: `it has several ports (${ports.join(', ')}), and no label says which is meant`,
    hint: `add the label fairlead.port=${ports[0]}`,
  }
}

function selectionOf(labels: Labels, verdict: Verdict): Selection {
  const { isRouted, what, hint } = verdict
  const decision: Decision = {
    step: 'route',
    outcome: isRouted ? 'ok' : 'stop',
    what,
    ...(hint === '' ? {} : { hint }),
  }
  const notes = labels.problems.map((problem): Decision => ({
    step: 'label',
    outcome: 'note',
    what: `${labelName(problem.key)}: ${problem.what}`,
    ...(problem.hint === '' ? {} : { hint: problem.hint }),
  }))
  const decisions = [...notes, decision]
  return isRouted ? { isRouted, labels, decisions } : { isRouted, decisions }
}

/** `container web-1`, `registration db`. */
function titleOf(candidate: Candidate): string {
  return `${candidate.kind} ${shownName(candidate.name)}`
}

function labelName(key: string): string {
  return `fairlead.${shownName(key)}`
}

function distinctPorts(endpoints: readonly Endpoint[]): readonly number[] {
  return [...new Set(endpoints.map((endpoint) => endpoint.exposedPort))].sort((a, b) => a - b)
}

function yes(what: string): Verdict {
  return { isRouted: true, isProblem: false, what, hint: '' }
}

function no(what: string, hint = ''): Verdict {
  return { isRouted: false, isProblem: false, what, hint }
}

function problem(what: string, hint: string): Verdict {
  return { isRouted: false, isProblem: true, what, hint }
}
