import { textAt } from './tree.ts'
import type { Position, Value } from './tree.ts'

export type Protocol = 'tcp' | 'udp' | 'sctp'

/** A port within the container that is offered, and where it is published. */
export type PublishedPort = {
  readonly port: number
  readonly protocol: Protocol
  /** Empty: all addresses. */
  readonly hostIp: string
  /** First and last port of the host that it may get; undefined: Docker chooses one. */
  readonly host: { readonly first: number; readonly last: number } | undefined
  readonly at: Position
}

export type ExposedPort = { readonly port: number; readonly protocol: Protocol }

/** Many ports in a range are many endpoints: more than this is taken for a mistake. */
const mostPorts = 2000

/** An item of `expose`: `80`, `80/udp`, `8000-8010`; undefined when it is none. */
export function readExpose(text: string): readonly ExposedPort[] | undefined {
  const match = /^([\d-]+)(?:\/(\w+))?$/.exec(text.trim())
  const range = readRange(match?.[1] ?? '')
  const protocol = readProtocol(match?.[2] ?? 'tcp')
  if (range === undefined || protocol === undefined) return undefined
  return portsOf(range).map((port) => ({ port, protocol }))
}

/** An item of `ports` in its short or long form (compose-spec, ports); undefined when it is none. */
export function readPorts(value: Value): readonly PublishedPort[] | undefined {
  if (value.kind === 'scalar') return readShort(value.text, value.at)
  if (value.kind !== 'map') return undefined
  const protocol = readProtocol(textAt(value, 'protocol') ?? 'tcp')
  const target = readRange(textAt(value, 'target') ?? '')
  const published = textAt(value, 'published') ?? ''
  const hosts = published === '' ? undefined : readRange(published)
  if (protocol === undefined || target === undefined) return undefined
  if (published !== '' && hosts === undefined) return undefined
  return pairs(target, hosts, { protocol, hostIp: textAt(value, 'host_ip') ?? '', at: value.at })
}

/** `[[IP:][HOST]:]CONTAINER[/PROTOCOL]`. */
function readShort(text: string, at: Position): readonly PublishedPort[] | undefined {
  const match = /^(?:(?:(\[[^\]]*\]|[^[\]:]*):)?([\d-]*):)?([\d-]+)(?:\/(\w+))?$/.exec(text.trim())
  if (match === null) return undefined
  const [, ip = '', host = '', container = '', word = 'tcp'] = match
  const protocol = readProtocol(word)
  const target = readRange(container)
  const hosts = host === '' ? undefined : readRange(host)
  if (protocol === undefined || target === undefined) return undefined
  if (host !== '' && hosts === undefined) return undefined
  return pairs(target, hosts, { protocol, hostIp: ip.replace(/^\[(.*)\]$/, '$1'), at })
}

type Range = { readonly first: number; readonly last: number }

/** Ranges of one length go together; for one container port a range of the host is a choice. */
function pairs(
  target: Range,
  hosts: Range | undefined,
  rest: Pick<PublishedPort, 'protocol' | 'hostIp' | 'at'>,
): readonly PublishedPort[] | undefined {
  const ports = portsOf(target)
  if (hosts === undefined || ports.length === 1) {
    return ports.map((port) => ({ port, host: hosts, ...rest }))
  }
  if (hosts.last - hosts.first !== target.last - target.first) return undefined
  return ports.map((port, index) => {
    const host = hosts.first + index
    return { port, host: { first: host, last: host }, ...rest }
  })
}

function readRange(text: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const first = Number(match[1])
  const last = Number(match[2] ?? match[1])
  const isRange = first >= 1 && last <= 65_535 && first <= last && last - first < mostPorts
  return isRange ? { first, last } : undefined
}

function portsOf({ first, last }: Range): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function readProtocol(text: string): Protocol | undefined {
  return (['tcp', 'udp', 'sctp'] as const).find((each) => each === text.toLowerCase())
}
