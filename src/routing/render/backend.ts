import { quoteWord } from '../../haproxy/config/quote.ts'
import type { RoutingSettings } from '../contract.ts'
import type { Piece } from '../piece.ts'
import type { RoutedService } from '../routed-service.ts'
import { defaultsName } from './defaults.ts'
import { section } from './global.ts'
import { renderServer } from './server.ts'

/** Takes requests that belong to no service. */
export const noneBackend = 'fairlead_none'

const retryAfterSeconds = 5
const pageType = `content-type 'text/plain; charset=utf-8'`

/** Answers where there is no service for a request: no backend of a service is involved. */
export function renderNoneBackend(): string {
  const page =
    'No service answers here (yet).\n' +
    'fairlead routes containers that offer a website, or have fairlead labels; ' +
    '"fairlead status" shows what it sees and why something is left out.\n'
  return section(`backend ${noneBackend} from ${defaultsName}`, [
    `http-request return status 503 ${pageType} string ${quoteWord(page)} hdr Retry-After ${retryAfterSeconds}`,
  ])
}

type Rendered = {
  readonly hosts: readonly string[]
  readonly timeouts: RoutingSettings['timeouts']
  readonly end: string
  readonly text: string
}
const cache = new WeakMap<RoutedService, Rendered>()

/**
 * A service's backend, and `end` after it. Its heading does not change with its servers, so that they come and
 * go without a reload, down to none: then it answers 503 and says so.
 */
export function renderBackend(
  service: RoutedService,
  hosts: readonly string[],
  timeouts: RoutingSettings['timeouts'],
  end: string,
): string {
  const known = cache.get(service)
  const isKnown = known?.hosts === hosts && known.timeouts === timeouts && known.end === end
  if (isKnown) return known.text
  const { pieces } = service
  const servers = pieces.length > 1 ? pieces.map(serversOfMany) : pieces.map(serversOf)
  const text = [headOf(service, hosts, timeouts), ...servers, end].join('')
  cache.set(service, { hosts, timeouts, end, text })
  return text
}

const textsOfPieces = new WeakMap<Piece, string>()

/** Kept where a service has many, of which few change. */
function serversOfMany(piece: Piece): string {
  const text = textsOfPieces.get(piece) ?? serversOf(piece)
  textsOfPieces.set(piece, text)
  return text
}

/** Joined rather than added up: one flat string is put together with others in a fifth of the time. */
function serversOf({ members }: Piece): string {
  return members.map(renderServer).join('')
}

function headOf(
  service: RoutedService,
  hosts: readonly string[],
  timeouts: RoutingSettings['timeouts'],
): string {
  const { check, balance } = service.labels
  const page = `No endpoint of service ${printable(service.name)} is available.\n`
  const lines = [
    `balance ${balance === '' ? 'roundrobin' : balance}`,
    ...(balance === 'source' ? ['hash-type consistent'] : []),
    `http-error status 503 ${pageType} string ${quoteWord(page)} hdr Retry-After ${retryAfterSeconds}`,
    eventStreamRule(timeouts.tunnelMs),
    ...(check === '' ? [] : checkLines(check, checkHost(service, hosts))),
  ]
  return section(`backend ${service.backend} from ${defaultsName}`, lines)
}

/**
 * A stream of server-sent events may be silent for as long as a tunnel: `timeout tunnel` itself is
 * for upgraded connections only. Browsers ask for such a stream with exactly this type.
 */
function eventStreamRule(tunnelMs: number): string {
  return `http-request set-timeout server ${tunnelMs}ms if { req.hdr(accept) -m beg text/event-stream }`
}

function checkLines(path: string, host: string | undefined): readonly string[] {
  const header = host === undefined ? '' : ` hdr Host ${quoteWord(host)}`
  return ['option httpchk', `http-check send meth GET uri ${quoteWord(path)} ver HTTP/1.1${header}`]
}

/**
 * The Host of a check: the first of the labelled names, since servers may refuse names that they do
 * not know; else any it holds. HTTP/1.1 wants one; a service without a name says its own.
 */
function checkHost(service: RoutedService, hosts: readonly string[]): string | undefined {
  const labelled = service.labels.host.split(',')
  return [...labelled, ...hosts, service.backend].find(
    (host) => host !== '' && !host.startsWith('*'),
  )
}

/** For a page that people read: what does not print is left out. */
function printable(name: string): string {
  return name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}
