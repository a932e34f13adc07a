import type { Inspect } from '../discovery/docker/docker-types.ts'

/** A port of a container that may become a service. */
export type CandidatePort = {
  /** As Docker writes it, without the protocol: `80`. */
  readonly text: string
  readonly port: number
  readonly protocol: string
  /** Of the first binding; empty: not published. */
  readonly hostPort: string
  /** Of the first binding; `0.0.0.0` where it is not said. */
  readonly hostIp: string
  /** Docker says nothing of its publication: it is exposed, and taken as published. */
  readonly isAssumed: boolean
  /** No port of the container, but the container itself; then all numbers are 0. */
  readonly isWhole?: true
}

/**
 * The ports of a container, lowest first and tcp before udp: every exposed one as if it were
 * published at its own number, unless `NetworkSettings.Ports` says where it is published, or with
 * null that it is not.
 */
export function candidatePorts(inspect: Inspect): CandidatePort[] {
  const found = new Map<string, CandidatePort>()
  for (const key of Object.keys(inspect.Config?.ExposedPorts ?? {})) {
    const { text, protocol } = splitPort(key)
    const port = Number(text)
    found.set(key, { text, port, protocol, hostPort: text, hostIp: '0.0.0.0', isAssumed: true })
  }
  for (const [key, bindings] of Object.entries(inspect.NetworkSettings?.Ports ?? {})) {
    const first = bindings?.[0]
    const { text, protocol } = splitPort(key)
    found.set(key, {
      text,
      port: Number(text),
      protocol,
      hostPort: first?.HostPort ?? '',
      hostIp: first?.HostIp || '0.0.0.0',
      isAssumed: false,
    })
  }
  return inOrder([...found.values()])
}

/**
 * The ports that SERVICE_PORTS names (`80,53/udp`), exposed or not, in place of all others. One that
 * Docker knows nothing of is published in the host's network only. Port 0 stands for the container
 * as a whole: a service without port. `faults`: what is no port.
 */
export function namedPorts(
  inspect: Inspect,
  list: string,
): { readonly ports: CandidatePort[]; readonly faults: readonly string[] } {
  const known = candidatePorts(inspect)
  const isHost = inspect.HostConfig?.NetworkMode === 'host'
  const words = list.split(',').map((each) => each.trim())
  const isPort = (word: string): boolean => /^(0|[1-9]\d{0,4})(\/(tcp|udp|sctp))?$/.test(word)
  const ports = words.filter(isPort).map((word): CandidatePort => {
    const { text, protocol } = splitPort(word)
    const named = { text, port: Number(text), protocol, hostIp: '0.0.0.0' }
    if (text === '0') return { ...named, hostPort: '0', isAssumed: false, isWhole: true }
    const found = known.find((each) => each.text === text && each.protocol === protocol)
    return found ?? { ...named, hostPort: isHost ? text : '', isAssumed: true }
  })
  const unique = new Map(ports.map((each) => [`${each.text}/${each.protocol}`, each]))
  return {
    ports: inOrder([...unique.values()]),
    faults: words.filter((word) => word !== '' && !isPort(word)),
  }
}

function inOrder(ports: CandidatePort[]): CandidatePort[] {
  return ports.sort((a, b) => a.port - b.port || rank(a) - rank(b))
}

function rank({ protocol }: CandidatePort): number {
  return protocol === 'tcp' ? 0 : protocol === 'udp' ? 1 : 2
}

function splitPort(key: string): { text: string; protocol: string } {
  const [text = '', protocol = 'tcp'] = key.split('/')
  return { text, protocol }
}
