import type { Candidate } from '../../model/candidate.ts'
import type { Decision } from '../../model/problem.ts'
import type { Inspect, NetworkFacts } from '../docker/docker-types.ts'
import type { MappingContext } from '../docker/mapping-context.ts'
import type { SwarmNode, SwarmService, SwarmTask } from './swarm-types.ts'
import { nodeNameOf, serviceNameOf, shortName } from './task-names.ts'
import { driverOf, imageName, taskToInspect, userAttachments } from './task-to-inspect.ts'
import type { TaskFacts } from './task-to-inspect.ts'

/** What of the mapping and its context is the same for all tasks. */
export type SwarmContext = Pick<
  MappingContext,
  'network' | 'usePublished' | 'haproxyNetworks' | 'ownContainerIds'
> & { readonly map: (inspect: Inspect, context: MappingContext) => Candidate }

/**
 * Maps a running task to a candidate, through the mapping of containers: its decisions and problems
 * are a container's, told about the task. The service's virtual address is never used.
 */
export function taskToCandidate(facts: TaskFacts, context: SwarmContext): Candidate {
  const { task, service, node } = facts
  const name = shortName(task, service, node)
  const seen = seenDecisions(facts, name)
  if (isJob(service)) {
    const what = 'belongs to a job, which serves nothing'
    return bare(facts, name, [...seen, { step: 'service', outcome: 'stop', what }])
  }
  const mapped = context.map(taskToInspect(facts), contextOf(facts, context))
  return {
    ...mapped,
    key: task.ID ?? '',
    name,
    problems: mapped.problems.map((each) => ({ ...each, where: `task ${name}` })),
    decisions: [...seen, ...mapped.decisions],
  }
}

/**
 * A task that should run and does not, with Docker's reason: `no suitable node`. undefined where
 * Docker gives none: it is about to start.
 */
export function waitingCandidate(facts: TaskFacts): Candidate | undefined {
  const { task, service, node } = facts
  const error = task.Status?.Err ?? ''
  if (error === '' || isJob(service)) return undefined
  const name = shortName(task, service, node)
  const what = `is not running (${task.Status?.State ?? 'unknown'}): ${error}`
  const hint = `docker service ps --no-trunc ${serviceNameOf(service, task)}`
  return {
    ...bare(facts, name, [
      ...seenDecisions(facts, name),
      { step: 'running', outcome: 'stop', what, hint },
    ]),
    problems: [{ where: `task ${name}`, what, hint }],
  }
}

export function isJob(service: SwarmService | undefined): boolean {
  const mode = service?.Spec?.Mode
  return mode?.ReplicatedJob !== undefined || mode?.GlobalJob !== undefined
}

function bare(facts: TaskFacts, name: string, decisions: readonly Decision[]): Candidate {
  const { task, node } = facts
  return {
    key: task.ID ?? '',
    kind: 'container',
    name,
    node: nodeNameOf(node, task),
    image: imageName(task.Spec?.ContainerSpec?.Image ?? ''),
    endpoints: [],
    problems: [],
    decisions,
  }
}

function seenDecisions({ task, service, node }: TaskFacts, name: string): Decision[] {
  const where = `on node ${nodeNameOf(node, task)}`
  const seen: Decision = {
    step: 'seen',
    outcome: 'ok',
    what: `task ${name} (${task.ID ?? ''}) of service ${serviceNameOf(service, task)} ${where}`,
  }
  const virtual = (service?.Endpoint?.VirtualIPs ?? []).map((each) => each.Addr ?? '')
  if (virtual.length === 0) return [seen]
  const what = `the service's virtual address (${virtual.join(', ')}) is not used: its tasks are balanced here`
  return [seen, { step: 'network', outcome: 'note', what }]
}

function contextOf({ task, service, node }: TaskFacts, context: SwarmContext): MappingContext {
  const { map: _, ...shared } = context
  return {
    ...shared,
    node: nodeNameOf(node, task),
    networks: networkFacts(task),
    // Published ports are on the task's node, whichever that is.
    publishedAddress: undefined,
    isLocalDaemon: false,
    hasReachableBridges: true,
    daemonAddress: addressOf(node),
    networkOwner: undefined,
    swarmService: serviceNameOf(service, task),
  }
}

function networkFacts(task: SwarmTask): ReadonlyMap<string, NetworkFacts> {
  return new Map(
    userAttachments(task).map((each) => [
      each.Network?.ID ?? '',
      { name: each.Network?.Spec?.Name ?? '', driver: driverOf(each) },
    ]),
  )
}

/** A manager that was told no address says 0.0.0.0 of itself; the one it gives others is right then. */
function addressOf(node: SwarmNode | undefined): string | undefined {
  const status = node?.Status?.Addr ?? ''
  if (status !== '' && status !== '0.0.0.0') return status
  const manager = (node?.ManagerStatus?.Addr ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return manager === '' ? undefined : manager
}
