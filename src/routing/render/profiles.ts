import { createHash } from 'node:crypto'
import { quoteWord } from '../../haproxy/config/quote.ts'
import type { RoutingSettings } from '../contract.ts'
import { type Balance, balances } from '../label-values.ts'
import type { RoutedService } from '../routed-service.ts'
import { defaultsName } from './defaults.ts'
import { section } from './global.ts'
import { mapPaths } from './maps.ts'

// All settings of a backend stand in a `defaults` section of its own kind, its profile, and the
// backend has nothing but servers: so HAProxy can make and end backends at runtime from 3.4 on
// (management.txt §9.3, `add backend`). What differs from service to service is looked up by the
// backend's name. The profiles of all balances, with and without a check of a path, are always
// there, so that a service that comes or goes changes none of them.

export const retryAfterSeconds = 5
export const pageType = `content-type 'text/plain; charset=utf-8'`

/** `bytes(4)` leaves the `svc_` of a backend's name out. */
const page = String.raw`"No endpoint of service %[be_name,bytes(4)] is available.\n"`

type Kind = { readonly balance: Balance; readonly isChecked: boolean }

/** The profile that a service's backend takes its settings from. */
export function profileOf(service: RoutedService): string {
  return isSticky(service) ? `${defaultsName}-${service.backend}` : profileName(kindOf(service))
}

export function isSticky({ labels }: RoutedService): boolean {
  return labels.sticky === 'cookie'
}

/** The profiles that services share. */
export function renderProfiles(settings: RoutingSettings): readonly string[] {
  const kinds = balances.flatMap((balance): Kind[] => [
    { balance, isChecked: false },
    { balance, isChecked: true },
  ])
  return kinds.map((kind) => renderProfile(profileName(kind), kind, settings, []))
}

/**
 * The profile of one sticky service, which has a cookie of its own. The cookie's value is a hash of
 * the server's address and of the key (configuration.txt §4.2, `dynamic-cookie-key`), so that it
 * needs no word on the server and is the same on every load balancer and after every restart.
 */
export function renderStickyProfile(service: RoutedService, settings: RoutingSettings): string {
  const { labels } = service
  const name = labels['sticky.cookie'] || `${defaultsName}-${hashOf(service.name).slice(0, 8)}`
  const secure = labels['sticky.secure'] === 'true' ? ' secure' : ''
  return renderProfile(profileOf(service), kindOf(service), settings, [
    `cookie ${quoteWord(name)} insert indirect nocache httponly${secure} dynamic attr SameSite=Lax`,
    `dynamic-cookie-key ${hashOf(`key ${service.name}`).slice(0, 32)}`,
  ])
}

function kindOf({ labels }: RoutedService): Kind {
  const balance = balances.find((each) => each === labels.balance) ?? 'roundrobin'
  return { balance, isChecked: labels.check !== '' }
}

function profileName({ balance, isChecked }: Kind): string {
  return `${defaultsName}-${balance}${isChecked ? '-check' : ''}`
}

function renderProfile(
  name: string,
  { balance, isChecked }: Kind,
  { timeouts, paths }: RoutingSettings,
  more: readonly string[],
): string {
  return section(`defaults ${name} from ${defaultsName}`, [
    `balance ${balance}`,
    ...(balance === 'source' ? ['hash-type consistent'] : []),
    `http-error status 503 ${pageType} lf-string ${page} hdr Retry-After ${retryAfterSeconds}`,
    eventStreamRule(timeouts.tunnelMs),
    ...(isChecked ? checkLines(paths.maps) : []),
    ...more,
  ])
}

/**
 * A stream of server-sent events may be silent for as long as a tunnel: `timeout tunnel` itself is
 * for upgraded connections only. Browsers ask for such a stream with exactly this type.
 */
function eventStreamRule(tunnelMs: number): string {
  return `http-request set-timeout server ${tunnelMs}ms if { req.hdr(accept) -m beg text/event-stream }`
}

/** Path and Host are found by the backend's name, so that neither needs a reload. */
function checkLines(maps: string): readonly string[] {
  const { checks, checkHosts } = mapPaths(maps)
  const path = quoteWord(`%[be_name,map_str(${checks},/)]`)
  const host = quoteWord(`%[be_name,map_str(${checkHosts},localhost)]`)
  return ['option httpchk', `http-check send meth GET uri-lf ${path} ver HTTP/1.1 hdr Host ${host}`]
}

/** Hexadecimal. It keeps no secret, it only makes equal things equal. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
