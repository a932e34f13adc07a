import { isRecord } from '../docker/docker-types.ts'
import { signalNumber } from '../docker/stop-signal.ts'

/** An event that says when to look, or which task of this node is ending. */
export type SwarmEvent =
  /** A service or a node was made, changed or removed. */
  | { readonly kind: 'changed' }
  /** A container of a task on this node was started. */
  | { readonly kind: 'started' }
  | { readonly kind: 'killed'; readonly taskId: string; readonly signal: number }
  | { readonly kind: 'ended'; readonly taskId: string }

/** The label that Docker gives the container of a task. */
export const taskLabel = 'com.docker.swarm.task.id'

/** Parses one line of the event stream; undefined for events of other containers, and others. */
export function parseSwarmEvent(line: string): SwarmEvent | undefined {
  const raw: unknown = JSON.parse(line)
  if (!isRecord(raw)) return undefined
  if (raw['Type'] === 'service' || raw['Type'] === 'node') return { kind: 'changed' }
  const attributes = isRecord(raw['Actor']) ? raw['Actor']['Attributes'] : undefined
  const taskId = isRecord(attributes) ? attributes[taskLabel] : undefined
  if (raw['Type'] !== 'container' || !isRecord(attributes) || typeof taskId !== 'string') {
    return undefined
  }
  switch (raw['Action']) {
    case 'start':
      return { kind: 'started' }
    case 'die':
      return { kind: 'ended', taskId }
    case 'kill': {
      const given = attributes['signal']
      const signal = signalNumber(typeof given === 'string' ? given : '')
      return signal === undefined ? undefined : { kind: 'killed', taskId, signal }
    }
    default:
      return undefined
  }
}
