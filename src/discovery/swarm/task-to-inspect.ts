import type { Inspect } from '../docker/docker-types.ts'
import type {
  SwarmAttachment,
  SwarmImage,
  SwarmNode,
  SwarmPort,
  SwarmService,
  SwarmTask,
} from './swarm-types.ts'
import { containerName, fillPlaceholders, serviceNameOf } from './task-names.ts'

/** A task with all that is known about what it belongs to. */
export type TaskFacts = {
  readonly task: SwarmTask
  /** undefined: not known yet, or removed. */
  readonly service: SwarmService | undefined
  readonly node: SwarmNode | undefined
  /** undefined: this manager does not have the image. */
  readonly image: SwarmImage | undefined
}

/**
 * A running task in the shape in which its container would be inspected, so that tasks and
 * containers are mapped by the same code. Lowest precedence first: the image's labels and
 * environment, the service's labels, the container's own. What the name of its service is without
 * SERVICE_NAME is the swarm service's name, and not, as for containers, the image's.
 */
export function taskToInspect(facts: TaskFacts): Inspect {
  const { task, service, node, image } = facts
  const container = task.Spec?.ContainerSpec
  const filledIn = (text: string): string => fillPlaceholders(text, task, service, node)
  const signal = container?.StopSignal || image?.Config?.StopSignal || ''
  return {
    Id: containerIdOf(task),
    Name: `/${containerName(task, service)}`,
    State: {
      Running: true,
      // Its status has another time when anything in it changes; this one never does.
      StartedAt: task.CreatedAt ?? '',
      ...(hasHealthcheck(facts) && { Health: { Status: 'healthy' } }),
    },
    Config: {
      Image: imageName(container?.Image ?? ''),
      Env: [
        `SERVICE_NAME=${serviceNameOf(service, task)}`,
        ...(image?.Config?.Env ?? []),
        ...(container?.Env ?? []).map(filledIn),
      ],
      Labels: { ...image?.Config?.Labels, ...service?.Spec?.Labels, ...container?.Labels },
      ExposedPorts: exposedPorts(service, image),
      StopSignal: signal,
    },
    HostConfig: { NetworkMode: isOnHostNetwork(task) ? 'host' : '' },
    NetworkSettings: { Ports: hostPorts(task, service), Networks: networks(task) },
  }
}

export function containerIdOf(task: SwarmTask): string {
  return task.Status?.ContainerStatus?.ContainerID || (task.ID ?? '')
}

/** Docker holds a task at `starting` until its HEALTHCHECK passes, and ends it when it fails. */
function hasHealthcheck({ task, image }: TaskFacts): boolean {
  const own = task.Spec?.ContainerSpec?.Healthcheck?.Test ?? []
  const test = own.length > 0 ? own : (image?.Config?.Healthcheck?.Test ?? [])
  return test.length > 0 && test[0] !== 'NONE'
}

/** Without the digest that `docker service create` adds. */
export function imageName(reference: string): string {
  return reference.replace(/@.*$/s, '')
}

/** The ports that the service names; where it names none, those that its image exposes. */
function exposedPorts(
  service: SwarmService | undefined,
  image: SwarmImage | undefined,
): Record<string, object> {
  const named = (service?.Endpoint?.Spec?.Ports ?? []).map(portKey)
  if (named.length === 0) return { ...image?.Config?.ExposedPorts }
  return Object.fromEntries(named.map((key) => [key, {}]))
}

/** Ports that are published on the task's own node; a port that the service fixes is there anyway. */
function hostPorts(
  task: SwarmTask,
  service: SwarmService | undefined,
): Record<string, { HostIp: string; HostPort: string }[]> {
  const published = [
    ...(service?.Endpoint?.Spec?.Ports ?? []),
    ...(task.Status?.PortStatus?.Ports ?? []),
  ].filter((each) => each.PublishMode === 'host' && (each.PublishedPort ?? 0) > 0)
  return Object.fromEntries(
    published.map((each) => [
      portKey(each),
      [{ HostIp: '', HostPort: String(each.PublishedPort) }],
    ]),
  )
}

function portKey({ TargetPort, Protocol }: SwarmPort): string {
  return `${TargetPort ?? 0}/${Protocol || 'tcp'}`
}

function networks(task: SwarmTask): Record<string, { NetworkID: string; IPAddress: string }> {
  return Object.fromEntries(
    userAttachments(task).map((each) => [
      each.Network?.Spec?.Name ?? '',
      { NetworkID: each.Network?.ID ?? '', IPAddress: addressOf(each) },
    ]),
  )
}

/** Without the routing mesh's own network, which nothing else may join. */
export function userAttachments(task: SwarmTask): readonly SwarmAttachment[] {
  return (task.NetworksAttachments ?? []).filter((each) => each.Network?.Spec?.Ingress !== true)
}

export function driverOf({ Network }: SwarmAttachment): string {
  return Network?.DriverState?.Name || Network?.Spec?.DriverConfiguration?.Name || 'overlay'
}

function addressOf(attachment: SwarmAttachment): string {
  return (attachment.Addresses?.[0] ?? '').replace(/\/\d+$/, '')
}

function isOnHostNetwork(task: SwarmTask): boolean {
  return userAttachments(task).some((each) => driverOf(each) === 'host')
}
