import { messageOf } from '../../model/errors.ts'
import { eachLimited } from '../../support/each-limited.ts'
import type { DockerClient } from './client.ts'
import type { ContainerInspector, Inspected } from './container-inspector.ts'
import { DockerError } from './docker-error.ts'
import type { DockerEvent } from './docker-types.ts'

/** Inspects that run at the same time. */
export const mostInspects = 8
/** How far back the daemon is asked for signals that were sent while nobody listened. */
const missedKillsMs = 60_000

export type FullList = {
  /** By id; undefined: it runs, but cannot be inspected now. */
  readonly containers: ReadonlyMap<string, Inspected | undefined>
  /** `kill` events from before `openedMs`, as far as the daemon remembers. */
  readonly kills: readonly DockerEvent[]
}

/** Everything that runs, inspected. Throws DockerError when the daemon does not answer. */
export async function listAll(options: {
  readonly client: Pick<DockerClient, 'listContainers' | 'pastEvents'>
  readonly inspector: Pick<ContainerInspector, 'inspect'>
  /** The daemon's clock when the event stream was opened. */
  readonly openedMs: number
  readonly onTrouble: (message: string) => void
  readonly signal: AbortSignal
}): Promise<FullList> {
  const { client, inspector, openedMs, onTrouble, signal } = options
  const containers = new Map<string, Inspected | undefined>()
  await eachLimited(await client.listContainers(signal), mostInspects, async (id) => {
    try {
      const answer = await inspector.inspect(id)
      if (answer !== undefined) containers.set(id, answer)
    } catch (error) {
      if (isAway(error)) throw error
      // Only this container is at fault: the others go on, and it is asked for again.
      onTrouble(messageOf(error))
      containers.set(id, undefined)
    }
  })
  const past = await client.pastEvents(openedMs - missedKillsMs, openedMs, {
    signal,
    timeoutMs: 10_000,
  })
  return { containers, kills: past.filter((each) => each.action === 'kill') }
}

/**
 * Whether the daemon, and not only one container, is at fault for a failed inspect. One that takes
 * too long is no sign of that: beside a stuck container all others are answered.
 */
export function isAway(error: unknown): boolean {
  return error instanceof DockerError && error.status === undefined && !error.isTimeout
}
