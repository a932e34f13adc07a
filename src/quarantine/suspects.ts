import type { Candidate } from '../model/candidate.ts'
import type { ConfigMessage } from '../haproxy/runtime/errors.ts'
import type { Placement } from '../routing/contract.ts'

/**
 * The candidates that the lines named by HAProxy are about: of a `server` line the one whose server
 * it is, of any other line of a backend all of the backend. Empty where no line is about a backend.
 */
export function candidatesAt(
  messages: readonly ConfigMessage[],
  config: string,
  candidates: readonly Candidate[],
  placements: ReadonlyMap<string, Placement>,
): readonly Candidate[] {
  const lines = config.split('\n')
  const named = new Set<string>()
  for (const { level, line } of messages) {
    if (level !== 'alert' || line === undefined) continue
    const server = /^\s*server\s+(\S+)/.exec(lines[line - 1] ?? '')?.[1]
    const header = lines.slice(0, line).findLast((each) => /^\S/.test(each)) ?? ''
    const backend = /^(?:backend|listen)\s+(\S+)/.exec(header)?.[1]
    if (backend !== undefined) named.add(server === undefined ? backend : `${backend}/${server}`)
  }
  return candidates.filter(({ endpoints }) =>
    endpoints.some(({ id }) => {
      const placement = placements.get(id)
      if (placement?.isRouted !== true) return false
      const { backend, server } = placement
      return named.has(backend) || named.has(`${backend}/${server}`)
    }),
  )
}

/** What a candidate is apart from its health: another one is another try. */
export function fingerprintOf({ endpoints }: Candidate): string {
  const parts = endpoints.map(({ id, identity, address, port, labels }) => [
    id,
    identity,
    address,
    port,
    labels,
  ])
  return JSON.stringify(parts)
}
