import type { Lab } from '../lab.ts'
import { until } from '../until.ts'
import { words } from './words.ts'

/** What a reset may leave nothing of, on each host. */
export type Traces = readonly {
  readonly host: string
  readonly containers: readonly string[]
  readonly volumes: readonly string[]
  readonly networks: readonly string[]
}[]

/**
 * The swarm's own networks, kept as long as a host is in it: it gets `ingress` a moment after it has
 * joined, `docker_gwbridge` with its first container on an overlay.
 */
const ofSwarm = new Set(['docker_gwbridge', 'ingress'])

/** What is there now. */
export function tracesOf(lab: Lab): Promise<Traces> {
  return lab.each(async (host) => {
    const list = async (...args: string[]): Promise<readonly string[]> =>
      words(await host.docker(...args)).toSorted()
    return {
      host: host.name,
      containers: await list('ps', '--all', '--format', '{{.Names}}'),
      volumes: await list('volume', 'ls', '--format', '{{.Name}}'),
      networks: (await list('network', 'ls', '--format', '{{.Name}}')).filter(
        (name) => !ofSwarm.has(name),
      ),
    }
  })
}

/** Waits until nothing is there but what was there before; a swarm forgets its networks by and by. */
export async function untilOnly(lab: Lab, before: Traces): Promise<void> {
  let now: Traces = []
  await until('the reset leaves nothing', async () => {
    now = await tracesOf(lab)
    if (JSON.stringify(now) === JSON.stringify(before)) return true
    throw new Error(`before ${JSON.stringify(before)}, now ${JSON.stringify(now)}`)
  })
}
