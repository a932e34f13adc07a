import { overlaps } from '../settings/addresses.ts'
import type { Assessed, CheckSettings } from './assess.ts'
import type { PublishedPort } from './port-forms.ts'
import type { ComposeService } from './service.ts'
import type { Finding } from './tree.ts'

type Claim = { readonly service: ComposeService; readonly port: PublishedPort }

/** What cannot start together: two on one port of the host, or more containers than ports or names. */
export function portConflicts(
  services: readonly Assessed[],
  settings: CheckSettings,
): readonly Finding[] {
  const running = services.filter(({ service }) => service.replicas > 0)
  const claims = running.flatMap(({ service }): Claim[] =>
    isOnOwnNetwork(service) ? service.published.map((port) => ({ service, port })) : [],
  )
  return [
    ...running.flatMap(({ service }) => tooManyReplicas(service)),
    ...takenPorts(claims),
    ...(settings.isLocalDaemon ? running.flatMap((each) => haproxyPorts(each, settings)) : []),
  ]
}

function isOnOwnNetwork({ networkMode }: ComposeService): boolean {
  return !/^(host|none|(service|container):.*)$/.test(networkMode?.value ?? '')
}

function tooManyReplicas(service: ComposeService): readonly Finding[] {
  const { replicas, containerName, name } = service
  if (replicas < 2) return []
  const findings: Finding[] = []
  const complain = (at: Finding['at'], what: string, hint: string): void => {
    findings.push({ level: 'error', at, where: name, what, hint })
  }
  if (containerName !== undefined) {
    const hint = 'leave container_name away'
    complain(
      service.keys.get('container_name'),
      `${replicas} containers cannot have one name`,
      hint,
    )
  }
  for (const { host, at } of service.published) {
    if (host === undefined || !isOnOwnNetwork(service)) continue
    if (host.last - host.first + 1 >= replicas) continue
    const what = `${replicas} containers cannot all be published at ${shownRange(host)}`
    complain(at, what, 'publish no port (HAProxy needs none), or leave the choice to Docker')
  }
  return findings
}

function shownRange({ first, last }: NonNullable<PublishedPort['host']>): string {
  return first === last ? `port ${first} of the host` : `ports ${first} to ${last} of the host`
}

function takenPorts(claims: readonly Claim[]): readonly Finding[] {
  const before = new Map<string, Claim[]>()
  return claims.flatMap((claim) => {
    const findings = taken(claim, before)
    const key = portKey(claim.port)
    if (addressOf(claim.port) !== undefined) before.set(key, [...(before.get(key) ?? []), claim])
    return findings
  })
}

function portKey({ host, protocol }: PublishedPort): string {
  return `${host?.first}/${protocol}`
}

/** `before`: the claims before it, by port. */
function taken({ service, port }: Claim, before: ReadonlyMap<string, Claim[]>): readonly Finding[] {
  const address = addressOf(port)
  if (address === undefined) return []
  const other = before
    .get(portKey(port))
    ?.find((claim) => overlaps(addressOf(claim.port) ?? '', address))
  if (other === undefined) return []
  const by = other.service === service ? 'twice' : `by ${other.service.name} too`
  const what = `port ${port.host?.first} of the host is published ${by}; the second one cannot start`
  const hint = 'publish no port (HAProxy needs none), or another one'
  return [{ level: 'error', at: port.at, where: service.name, what, hint }]
}

/** `ADDR:PORT` of a port that Docker has no choice about. */
function addressOf({ hostIp, host }: PublishedPort): string | undefined {
  if (host === undefined || host.first !== host.last) return undefined
  const ip = hostIp === '' || hostIp === '0.0.0.0' ? '*' : hostIp
  return `${ip.includes(':') ? `[${ip}]` : ip}:${host.first}`
}

/** Fairlead's own containers may publish what HAProxy in them listens on. */
function haproxyPorts({ service }: Assessed, settings: CheckSettings): readonly Finding[] {
  if (service.labels.has('fairlead.role')) return []
  const own = [
    ...settings.routing.http.map((address) => ({ address, flag: '--http', who: 'HAProxy' })),
    ...(settings.admin === undefined
      ? []
      : [{ address: settings.admin, flag: '--admin', who: 'the admin API' }]),
  ]
  const isHost = service.networkMode?.value === 'host'
  const claims = isHost
    ? service.exposed.map(({ port, protocol }) => ({
        address: `*:${port}`,
        protocol,
        at: service.keys.get('expose'),
      }))
    : service.published.map((port) => ({ ...port, address: addressOf(port) }))
  return claims.flatMap(({ address, protocol, at }) => {
    if (address === undefined || protocol !== 'tcp') return []
    const mine = own.find((each) => overlaps(each.address, address))
    if (mine === undefined) return []
    const port = address.slice(address.lastIndexOf(':') + 1)
    const what = `port ${port} of the host is where ${mine.who} listens (${mine.flag} ${mine.address})`
    const hint = isHost
      ? `choose another ${mine.flag}`
      : `publish no port (HAProxy needs none), or choose another ${mine.flag}`
    return [{ level: 'error', at, where: service.name, what, hint }]
  })
}
