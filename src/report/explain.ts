import type { Explanation } from '../api/contract.ts'
import type { Candidate } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Decision } from '../model/problem.ts'
import type { PipelineState } from '../pipeline/contract.ts'
import type { Placement, Route } from '../routing/contract.ts'
import type { ServerStatistics } from './status.ts'

export type ExplainInput = {
  readonly pipeline: PipelineState
  /** By `backend/server`. */
  readonly statistics: ReadonlyMap<string, ServerStatistics>
}

/**
 * The decisions taken about a container (name, id or the start of one, endpoint id), a service or a
 * URL, in order, from "seen" to "server in backend", or to where it stopped. Undefined when nothing
 * of that name was ever seen. Pure.
 */
export function explain(subject: string, input: ExplainInput): Explanation | undefined {
  if (subject.includes('://') || subject.startsWith('/')) return explainUrl(subject, input)
  const candidates = input.pipeline.snapshot.candidates.filter((each) => isMeant(each, subject))
  if (candidates.length > 0) return explainCandidates(subject, candidates, input)
  const route = input.pipeline.routing?.routes.find((each) => each.service === subject)
  const service = input.pipeline.snapshot.services.get(subject)
  if (route !== undefined || service !== undefined) return explainService(subject, route, input)
  if (/^[^\s/]+\.[^\s/]+$/.test(subject) || /^[^\s/]+:\d+$/.test(subject))
    return explainUrl(`http://${subject}`, input)
  return undefined
}

function isMeant(candidate: Candidate, subject: string): boolean {
  const isIdStart =
    subject.length >= 4 && candidate.kind === 'container' && candidate.key.startsWith(subject)
  return (
    candidate.name === subject.replace(/^\//, '') ||
    candidate.key === subject ||
    isIdStart ||
    candidate.endpoints.some((endpoint) => endpoint.id === subject)
  )
}

function explainCandidates(
  subject: string,
  candidates: readonly Candidate[],
  input: ExplainInput,
): Explanation {
  const traces = candidates.flatMap((candidate) => {
    if (candidate.endpoints.length === 0) {
      return [{ about: `${candidate.name} on ${candidate.node}`, decisions: candidate.decisions }]
    }
    return candidate.endpoints.map((endpoint) => ({
      about: endpoint.id,
      decisions: [...candidate.decisions, ...endpointDecisions(endpoint, input)],
    }))
  })
  const kind = candidates[0]?.kind ?? 'container'
  return { subject, kind, conclusion: conclusionOf(traces), traces }
}

function explainService(
  subject: string,
  route: Route | undefined,
  input: ExplainInput,
): Explanation {
  const endpoints = input.pipeline.snapshot.services.get(subject)?.endpoints ?? []
  const traces = endpoints.map((endpoint) => ({
    about: endpoint.id,
    decisions: endpointDecisions(endpoint, input),
  }))
  if (route === undefined)
    return { subject, kind: 'service', conclusion: conclusionOf(traces), traces }
  const about = `service ${subject}`
  return {
    subject,
    kind: 'service',
    conclusion: conclusionOf(traces),
    traces: [{ about, decisions: routeDecisions(route) }, ...traces],
  }
}

function explainUrl(subject: string, input: ExplainInput): Explanation {
  const host = hostOf(subject)
  const routes = input.pipeline.routing?.routes ?? []
  const about = host === '' ? 'a request without a host name' : `Host: ${host}`
  const template = input.pipeline.routing?.template
  if (template !== undefined) {
    const decision = leftToTemplate(template)
    const traces = [{ about, decisions: [decision] }]
    return { subject, kind: 'url', conclusion: `not known: ${decision.what}`, traces }
  }
  const decisions: Decision[] = []
  const wildcard = host.replace(/^[^.]+/, '*')
  let route = routes.find((each) => each.hosts.includes(host))
  if (route !== undefined) {
    decisions.push({
      step: 'host',
      outcome: 'ok',
      what: `the host rule ${host} leads to service ${route.service}`,
    })
  } else {
    route = routes.find((each) => each.hosts.includes(wildcard))
    if (route !== undefined) {
      decisions.push({
        step: 'host',
        outcome: 'ok',
        what: `the host rule ${wildcard} leads to service ${route.service}`,
      })
    }
  }
  const pinnedTo = input.pipeline.target?.pinnedTo
  if (pinnedTo !== undefined) {
    const what = `pinned to generation ${pinnedTo}: host names lead where they led then`
    decisions.push({ step: 'pin', outcome: 'note', what })
  }
  if (route === undefined) {
    decisions.push({ step: 'host', outcome: 'note', what: `no host rule is for ${host || 'it'}` })
    route = routes.find((each) => each.isDefault)
    decisions.push(
      route === undefined
        ? {
            step: 'default service',
            outcome: 'stop',
            what: 'there is no service at all; HAProxy answers 503 and says so',
            hint: 'start a container that offers a website, or see `fairlead status` for what was left out',
          }
        : {
            step: 'default service',
            outcome: 'ok',
            what: `the default service is ${route.service}`,
          },
    )
  }
  if (route === undefined) {
    const traces = [{ about, decisions }]
    return { subject, kind: 'url', conclusion: conclusionOf(traces), traces }
  }
  decisions.push(...routeDecisions(route))
  const service = explainService(route.service, undefined, input)
  const traces = [{ about, decisions }, ...service.traces]
  return { subject, kind: 'url', conclusion: conclusionOf(traces), traces }
}

function leftToTemplate(template: string): Decision {
  return {
    step: 'template',
    outcome: 'stop',
    what: `where it leads is said by ${template}, which is not read for that`,
    hint: 'explain a container, a service or an endpoint: these are found in its output by address',
  }
}

/** The host as HAProxy compares it: lower case, without port and trailing dot. */
function hostOf(subject: string): string {
  try {
    return new URL(subject.startsWith('/') ? `http://x${subject}` : subject).hostname
      .toLowerCase()
      .replace(/\.$/, '')
  } catch {
    return ''
  }
}

function routeDecisions(route: Route): readonly Decision[] {
  const hosts = route.hosts.length === 0 ? 'no host name' : route.hosts.join(', ')
  const what = `backend ${route.backend} answers for ${hosts}${route.isDefault ? ' and by default' : ''}`
  if (!route.isGone) return [{ step: 'route', outcome: 'ok', what }]
  return [
    { step: 'route', outcome: 'ok', what },
    {
      step: 'endpoints',
      outcome: 'stop',
      what: 'its last endpoint has gone; it answers 503 with Retry-After until it is forgotten',
      hint: 'start a container of this service again',
    },
  ]
}

function endpointDecisions(endpoint: Endpoint, input: ExplainInput): readonly Decision[] {
  const placement: Placement | undefined = input.pipeline.routing?.placements.get(endpoint.id)
  if (placement === undefined) {
    return [
      { step: 'route', outcome: 'stop', what: 'not looked at yet', hint: 'ask again in a moment' },
    ]
  }
  if (!placement.isRouted) return placement.decisions
  const { target } = input.pipeline
  if (target?.pinnedTo !== undefined && target.leftOut.has(placement.backend)) {
    const what = `pinned to generation ${target.pinnedTo}, which does not have this service`
    return [
      ...placement.decisions,
      { step: 'pin', outcome: 'stop', what, hint: '`fairlead unpin` goes back to the newest' },
    ]
  }
  const name = `${placement.backend}/${placement.server}`
  const status = input.statistics.get(name)?.status
  return [
    ...placement.decisions,
    serverDecision(name, status, placement.admin === 'ready', placement.reason),
  ]
}

function serverDecision(
  name: string,
  status: string | undefined,
  isReady: boolean,
  reason: string,
): Decision {
  if (status === undefined) {
    return {
      step: 'server',
      outcome: 'stop',
      what: `HAProxy does not show a server ${name}`,
      hint: 'see the problems in `fairlead status`: the last change may have failed',
    }
  }
  if (!isReady) {
    return {
      step: 'server',
      outcome: 'stop',
      what: `server ${name} gets no new requests: ${reason} (HAProxy says ${status})`,
    }
  }
  if (status.startsWith('DOWN')) {
    return {
      step: 'server',
      outcome: 'stop',
      what: `HAProxy's own check finds server ${name} ${status}`,
      hint: 'does the process in the container listen on this port, on 0.0.0.0 and not only on 127.0.0.1?',
    }
  }
  return {
    step: 'server',
    outcome: 'ok',
    what: `server ${name} gets requests (HAProxy says ${status})`,
  }
}

function conclusionOf(traces: Explanation['traces']): string {
  const stops = traces.flatMap(({ decisions }) =>
    decisions.filter((each) => each.outcome === 'stop').slice(0, 1),
  )
  const serving = traces.filter(
    ({ decisions }) => decisions.at(-1)?.step === 'server' && decisions.at(-1)?.outcome === 'ok',
  )
  if (serving.length > 0) {
    return stops.length === 0
      ? `gets requests: ${serving.length} ${serving.length === 1 ? 'server' : 'servers'}`
      : `gets requests on ${serving.length} of ${serving.length + stops.length} servers; the first that does not: ${stops[0]?.what ?? ''}`
  }
  const [stop] = stops
  return stop === undefined ? 'nothing offers it at the moment' : `gets no requests: ${stop.what}`
}
