import type { Binding, Inspect } from './docker-types.ts'

/** A port that a container offers. */
export type OfferedPort = {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Where the daemon publishes it; empty when it does not. */
  readonly bindings: readonly Binding[]
  /** Named by the `fairlead.port` label only, not exposed by the image or the command line. */
  readonly isFromLabel: boolean
}

/**
 * The ports of a container, lowest first and tcp before udp: what it exposes, what it publishes,
 * and the one its `fairlead.port` label names. sctp is left out, HAProxy cannot speak it.
 */
export function offeredPorts(inspect: Inspect, labelled: string | undefined): OfferedPort[] {
  const found = new Map<string, OfferedPort>()
  const published = inspect.NetworkSettings?.Ports ?? {}
  for (const key of [
    ...Object.keys(inspect.Config?.ExposedPorts ?? {}),
    ...Object.keys(published),
  ]) {
    const parsed = parsePort(key)
    if (parsed === undefined) continue
    found.set(`${parsed.port}/${parsed.protocol}`, {
      ...parsed,
      bindings: bindingsOf(published[key]),
      isFromLabel: false,
    })
  }
  const wanted = parsePort(labelled?.trim() ?? '')
  if (wanted !== undefined && !found.has(`${wanted.port}/tcp`)) {
    found.set(`${wanted.port}/tcp`, { ...wanted, bindings: [], isFromLabel: true })
  }
  return [...found.values()].sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol))
}

function parsePort(key: string): { port: number; protocol: 'tcp' | 'udp' } | undefined {
  const match = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(key)
  const port = Number(match?.[1])
  if (match === null || port < 1 || port > 65_535) return undefined
  return { port, protocol: match[2] === 'udp' ? 'udp' : 'tcp' }
}

function bindingsOf(value: readonly Binding[] | null | undefined): readonly Binding[] {
  return (value ?? []).filter((each) => parsePort(each.HostPort ?? '') !== undefined)
}
