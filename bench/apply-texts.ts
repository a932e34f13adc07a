import type { DesiredState } from '../src/model/desired-state.ts'

/** A configuration as a person may write it, with `servers` servers spread over `backends` backends. */
export type TextOptions = {
  readonly port: number
  /** The worker's stats socket. */
  readonly socket: string
  readonly backends: number
  readonly servers: number
  /** Where the servers listen: one port of 127.0.0.0/8 stands for all. */
  readonly serverPort: number
  /** Weights of single servers, by number; others have 1. */
  readonly weights?: ReadonlyMap<number, number>
  /** Something that only a reload can change. */
  readonly queueMs?: number
}

/** The text, whole: nothing tells where it differs from another. */
export function textOf(options: TextOptions): string {
  const { port, socket, backends, queueMs = 5000 } = options
  const head = `global
  noreuseport
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  option idle-close-on-response
  option redispatch 1
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue ${queueMs}ms
frontend web
  bind 127.0.0.1:${port}
  default_backend app-0
`
  const sections = Array.from({ length: backends }, (_, backend) => sectionOf(options, backend))
  return head + sections.join('')
}

export function desiredOf(options: TextOptions): DesiredState {
  return { config: textOf(options), files: new Map(), servers: new Map() }
}

function sectionOf({ backends, servers, serverPort, weights }: TextOptions, of: number): string {
  const lines = [`backend app-${of}`, '  balance roundrobin']
  for (let server = of; server < servers; server += backends) {
    const address = `127.${1 + (server >> 16)}.${(server >> 8) & 255}.${server & 255 || 1}`
    lines.push(
      `  server s-${server} ${address}:${serverPort} check inter 60s rise 1 weight ${weights?.get(server) ?? 1}`,
    )
  }
  return `${lines.join('\n')}\n`
}
