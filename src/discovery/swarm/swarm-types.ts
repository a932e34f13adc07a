// What is read of Docker's Swarm API (Engine API 1.41, Task, Service, Node). Every field may be
// missing, as anywhere in Docker's answers.

type Version = { readonly Index?: number }
type Labels = Readonly<Record<string, string>>

/** A port of a service, or one that a task has got on its node. */
export type SwarmPort = {
  readonly Protocol?: string
  readonly TargetPort?: number
  readonly PublishedPort?: number
  /** `host`: at the task's node. `ingress`: at every node, by the routing mesh. */
  readonly PublishMode?: string
}

export type SwarmAttachment = {
  readonly Network?: {
    readonly ID?: string
    readonly Spec?: {
      readonly Name?: string
      /** The network of the routing mesh. */
      readonly Ingress?: boolean
      /** Containers that no service made may be connected. */
      readonly Attachable?: boolean
      readonly DriverConfiguration?: { readonly Name?: string }
    }
    readonly DriverState?: { readonly Name?: string }
  }
  /** With the length of the prefix: `10.0.1.5/24`. */
  readonly Addresses?: readonly string[] | null
}

export type SwarmTask = {
  readonly ID?: string
  readonly Version?: Version
  readonly CreatedAt?: string
  readonly ServiceID?: string
  /** 1 and up for replicas; missing for a task of a global service. */
  readonly Slot?: number
  readonly NodeID?: string
  readonly Spec?: {
    readonly ContainerSpec?: {
      readonly Image?: string
      readonly Labels?: Labels | null
      readonly Env?: readonly string[] | null
      readonly StopSignal?: string
      /** Nanoseconds; 10 s when missing. */
      readonly StopGracePeriod?: number
      readonly Healthcheck?: { readonly Test?: readonly string[] | null }
    }
    readonly Networks?: readonly { readonly Target?: string }[] | null
  }
  readonly Status?: {
    /** When this state was reached, by the node's clock. */
    readonly Timestamp?: string
    readonly State?: string
    readonly Message?: string
    readonly Err?: string
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number }
    readonly PortStatus?: { readonly Ports?: readonly SwarmPort[] | null }
  }
  readonly DesiredState?: string
  readonly NetworksAttachments?: readonly SwarmAttachment[] | null
}

export type SwarmService = {
  readonly ID?: string
  readonly Version?: Version
  readonly Spec?: {
    readonly Name?: string
    readonly Labels?: Labels | null
    /** Exactly one of them is there. */
    readonly Mode?: {
      readonly Replicated?: { readonly Replicas?: number }
      readonly Global?: object
      readonly ReplicatedJob?: object
      readonly GlobalJob?: object
    }
  }
  readonly Endpoint?: {
    readonly Spec?: { readonly Ports?: readonly SwarmPort[] | null }
    readonly VirtualIPs?: readonly { readonly Addr?: string }[] | null
  }
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string }
}

export type SwarmNode = {
  readonly ID?: string
  readonly Description?: { readonly Hostname?: string }
  readonly Status?: { readonly State?: string; readonly Addr?: string }
  readonly ManagerStatus?: { readonly Addr?: string }
}

/** `GET /images/{name}/json`, as far as a container takes it over. */
export type SwarmImage = {
  readonly Config?: {
    readonly ExposedPorts?: Readonly<Record<string, object>> | null
    readonly Env?: readonly string[] | null
    readonly Labels?: Labels | null
    readonly StopSignal?: string
    readonly Healthcheck?: { readonly Test?: readonly string[] | null }
  }
}

/**
 * The states of a task, in order (SwarmKit's TaskState). After `running` there is no way back: a
 * failed task is replaced by a new one.
 */
const states = [
  'new',
  'allocated',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
  'running',
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
]

/** Whether a task's process has ended; a state that is not known has not. */
export function hasEnded(task: SwarmTask): boolean {
  return states.indexOf(task.Status?.State ?? '') > states.indexOf('running')
}

export function isRunning(task: SwarmTask): boolean {
  return task.Status?.State === 'running'
}
