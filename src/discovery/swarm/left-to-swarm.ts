import { containerToCandidate, nameOf } from '../docker/container-to-candidate.ts'
import type { Mapping } from '../docker/joining-mapping.ts'
import { taskLabel } from './swarm-event.ts'

/**
 * The mapping of a Docker source beside a swarm source: containers of tasks are left to that one,
 * which knows them on all nodes.
 */
export const leaveTasksToSwarm: Mapping = (inspect, context) => {
  const task = inspect.Config?.Labels?.[taskLabel]
  if (task === undefined) return containerToCandidate(inspect, context)
  const what = `is the container of swarm task ${task}, which --swarm takes care of`
  return {
    key: inspect.Id ?? '',
    kind: 'container',
    name: nameOf(inspect),
    node: context.node,
    image: inspect.Config?.Image ?? '',
    isElsewhere: true,
    endpoints: [],
    problems: [],
    decisions: [{ step: 'seen', outcome: 'stop', what }],
  }
}
