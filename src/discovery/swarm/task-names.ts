import type { SwarmNode, SwarmService, SwarmTask } from './swarm-types.ts'

export function serviceNameOf(service: SwarmService | undefined, task: SwarmTask): string {
  return service?.Spec?.Name || (task.ServiceID ?? '').slice(0, 12) || 'unknown'
}

export function nodeNameOf(node: SwarmNode | undefined, task: SwarmTask): string {
  return node?.Description?.Hostname || (task.NodeID ?? '').slice(0, 12) || 'unknown'
}

/** `web.3` for a slot, `web.host2` for the task of a global service. */
export function shortName(
  task: SwarmTask,
  service: SwarmService | undefined,
  node: SwarmNode | undefined,
): string {
  const slot = task.Slot ?? 0
  return `${serviceNameOf(service, task)}.${slot > 0 ? slot : nodeNameOf(node, task)}`
}

/**
 * The name that Docker gives the task's container, `web.3.<task id>`; with the node's id in place of
 * the slot for a global service. Two tasks of one slot, old and new, have two names.
 */
export function containerName(task: SwarmTask, service: SwarmService | undefined): string {
  const slot = task.Slot ?? 0
  const place = slot > 0 ? slot : (task.NodeID ?? '')
  return `${serviceNameOf(service, task)}.${place}.${task.ID ?? ''}`
}

/**
 * Fills in the placeholders that Docker allows in a task's environment (`{{.Task.Slot}}`): the
 * manager shows them as written, the container gets them filled in. Others stay as they are.
 */
export function fillPlaceholders(
  text: string,
  task: SwarmTask,
  service: SwarmService | undefined,
  node: SwarmNode | undefined,
): string {
  if (!text.includes('{{')) return text
  const values = new Map([
    ['Service.ID', task.ServiceID ?? ''],
    ['Service.Name', serviceNameOf(service, task)],
    ['Node.ID', task.NodeID ?? ''],
    ['Node.Hostname', nodeNameOf(node, task)],
    ['Task.ID', task.ID ?? ''],
    ['Task.Name', containerName(task, service)],
    ['Task.Slot', String(task.Slot ?? 0)],
  ])
  return text.replaceAll(
    /\{\{\s*\.(\w+\.\w+)\s*\}\}/g,
    (whole, name: string) => values.get(name) ?? whole,
  )
}
