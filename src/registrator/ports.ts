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
  return [...found.values()].sort((a, b) => a.port - b.port || rank(a) - rank(b))
}

function rank({ protocol }: CandidatePort): number {
  return protocol === 'tcp' ? 0 : protocol === 'udp' ? 1 : 2
}

function splitPort(key: string): { text: string; protocol: string } {
  const [text = '', protocol = 'tcp'] = key.split('/')
  return { text, protocol }
}
