import type { EndpointReport, StatusReport } from '../api/contract.ts'
import { nearest } from '../support/nearest.ts'
import { ClientError } from './client.ts'
import { UsageError } from './locate.ts'

/**
 * The id of the endpoint that a word on the command line means: the id itself, else the name of a
 * container with one endpoint, else a part that only one has. Endpoints that are away but have an
 * operator's word count too, so that the word can be taken back. Throws `usage` for an ambiguous
 * word, naming the candidates, and `not_found`.
 */
export function chooseEndpoint(wanted: string, report: StatusReport): string {
  const endpoints = report.services.flatMap((service) => service.endpoints)
  const present = new Set(endpoints.map((endpoint) => endpoint.id))
  const away = report.words.map((word) => word.endpoint).filter((id) => !present.has(id))
  const ids = [...present, ...away]
  if (ids.includes(wanted)) return wanted
  const named = idsOf(endpoints.filter((endpoint) => endpoint.candidate === wanted))
  const alike = ids.filter((id) => id.includes(wanted) || isPartOfName(wanted, id, endpoints))
  const found = named.length > 0 ? named : alike
  const [only] = found
  if (only === undefined || wanted === '') throw notFound(wanted, report, endpoints)
  if (found.length === 1) return only
  throw new UsageError(`${wanted} may mean ${list(found)}`, 'name one of them in full')
}

function idsOf(endpoints: readonly EndpointReport[]): readonly string[] {
  return [...new Set(endpoints.map((endpoint) => endpoint.id))]
}

function isPartOfName(wanted: string, id: string, endpoints: readonly EndpointReport[]): boolean {
  return endpoints.some((each) => each.id === id && each.candidate.includes(wanted))
}

function list(ids: readonly string[]): string {
  const most = 8
  const shown = ids.slice(0, most).join(', ')
  return ids.length > most ? `${shown} and ${ids.length - most} more` : shown
}

function notFound(
  wanted: string,
  report: StatusReport,
  endpoints: readonly EndpointReport[],
): ClientError {
  const leftOut = report.leftOut.find((each) => each.name === wanted)
  if (leftOut !== undefined) {
    const message = `${wanted} is in no backend: ${leftOut.reason}`
    return new ClientError('not_found', message, { hint: leftOut.hint })
  }
  const names = endpoints.flatMap((endpoint) => [endpoint.candidate, endpoint.id])
  const meant = nearest(wanted, names)
  const hint = meant === undefined ? 'fairlead status lists them' : `did you mean ${meant}?`
  return new ClientError('not_found', `there is no endpoint ${wanted}`, { hint })
}
