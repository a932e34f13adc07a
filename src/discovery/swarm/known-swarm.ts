import { isDeepStrictEqual } from 'node:util'
import type { Candidate } from '../../model/candidate.ts'
import type { Problem } from '../../model/problem.ts'
import { KnownImages } from './known-images.ts'
import { KnownTask } from './known-task.ts'
import { isRunning } from './swarm-types.ts'
import type { SwarmImage, SwarmNode, SwarmService, SwarmTask } from './swarm-types.ts'
import type { SwarmContext } from './task-to-candidate.ts'
import { serviceNameOf, shortName } from './task-names.ts'
import { containerIdOf } from './task-to-inspect.ts'
import type { TaskFacts } from './task-to-inspect.ts'

/** What has become different since the last time it was asked. */
export type SwarmDifference = {
  readonly upserts: readonly Candidate[]
  readonly removals: readonly GoneTask[]
  /** Those of which nothing was shown before. */
  readonly fresh: readonly SwarmTask[]
}

export type GoneTask = {
  readonly id: string
  readonly name: string
  readonly containerId: string
  /** By the manager or a stop signal; false: it ended by itself. */
  readonly isOnPurpose: boolean
  /** Of its process; undefined where the manager does not say. */
  readonly exitCode: number | undefined
}

/** All that is known of one swarm, and what follows from it. Does no I/O. */
export class KnownSwarm {
  readonly #services = new Map<string, SwarmService>()
  readonly #nodes = new Map<string, SwarmNode>()
  readonly #images = new KnownImages()
  readonly #tasks = new Map<string, KnownTask>()
  #gone: GoneTask[] = []

  get services(): Iterable<SwarmService> {
    return this.#services.values()
  }

  /** Tasks that should run. */
  wanted(): readonly SwarmTask[] {
    return [...this.#tasks.values()].filter((each) => !each.isUnwanted).map(({ task }) => task)
  }

  /** Ids of tasks that are on their way out: what became of them has to be asked. */
  leaving(): readonly string[] {
    return [...this.#tasks.values()].filter((each) => each.isUnwanted).map(({ id }) => id)
  }

  /** Of all tasks that have one. */
  containerIds(): ReadonlySet<string> {
    return new Set([...this.#tasks.values()].map(({ task }) => containerIdOf(task)))
  }

  setServices(services: readonly SwarmService[]): void {
    const fresh = new Map(services.map((each) => [each.ID ?? '', each]))
    for (const id of this.#services.keys()) {
      // A service that is removed still has tasks that end: they keep their names until then.
      const isNeeded = [...this.#tasks.values()].some(({ task }) => task.ServiceID === id)
      if (!fresh.has(id) && !isNeeded) this.#services.delete(id)
    }
    for (const [id, each] of fresh) {
      const before = this.#services.get(id)
      if (before?.Version?.Index === undefined || before.Version.Index !== each.Version?.Index)
        this.#services.set(id, each)
    }
    this.#images.keepOnly(new Set([...this.#tasks.values()].map(({ task }) => imageOf(task))))
    this.#refreshFacts()
  }

  setNodes(nodes: readonly SwarmNode[]): void {
    const before = new Map(this.#nodes)
    this.#nodes.clear()
    for (const each of nodes) {
      const known = before.get(each.ID ?? '')
      this.#nodes.set(each.ID ?? '', isDeepStrictEqual(known, each) ? (known ?? each) : each)
    }
    this.#refreshFacts()
  }

  setImage(reference: string, image: SwarmImage | undefined, nowMs: number): void {
    if (this.#images.set(reference, image, nowMs)) this.#refreshFacts()
  }

  /** Images that were not asked for yet. */
  unaskedImages(): readonly string[] {
    return this.#images.unasked(new Set(this.wanted().map(imageOf)))
  }

  /** Images that were not there, and have to be asked for again. */
  missingImages(nowMs: number): readonly string[] {
    return this.#images.missing(nowMs)
  }

  /** Something refers to a service or a node that is not known. */
  lacksFacts(tasks: readonly SwarmTask[]): boolean {
    return tasks.some(
      ({ ServiceID = '', NodeID = '' }) =>
        !this.#services.has(ServiceID) || (NodeID !== '' && !this.#nodes.has(NodeID)),
    )
  }

  /** All tasks that should run; every other one that is known drains from now. */
  setWanted(tasks: readonly SwarmTask[], nowMs: number): void {
    const listed = new Set(tasks.map(({ ID = '' }) => ID))
    for (const [id, known] of this.#tasks) if (!listed.has(id)) known.unwanted(nowMs)
    for (const task of tasks) {
      const known = this.#tasks.get(task.ID ?? '')
      const facts = this.#factsOf(task)
      if (known === undefined) this.#tasks.set(task.ID ?? '', new KnownTask(task.ID ?? '', facts))
      else {
        known.wanted()
        known.absorb(facts)
      }
    }
  }

  /** What the manager says of tasks that are on their way out; those that it leaves out are gone. */
  setLeaving(ids: readonly string[], tasks: readonly SwarmTask[], nowMs: number): void {
    const byId = new Map(tasks.map((each) => [each.ID ?? '', each]))
    for (const id of ids) {
      const task = byId.get(id)
      const isDown = this.#nodes.get(task?.NodeID ?? '')?.Status?.State === 'down'
      const known = this.#tasks.get(id)
      if (known?.isGone(task, isDown, nowMs) !== true) continue
      if (known.isShown) this.#gone.push(this.#goneTask(known, task))
      this.#tasks.delete(id)
    }
  }

  /** A container of a task was sent a signal; true when the task drains for it. */
  killed(taskId: string, signal: number, nowMs: number): boolean {
    return this.#tasks.get(taskId)?.killed(signal, nowMs) ?? false
  }

  /** A container of a task has ended; true when the task is known. */
  ended(taskId: string): boolean {
    const known = this.#tasks.get(taskId)
    known?.ended()
    return known !== undefined
  }

  nameOf(taskId: string): string {
    const task = this.#tasks.get(taskId)?.task
    if (task === undefined) return taskId
    const { service, node } = this.#factsOf(task)
    return shortName(task, service, node)
  }

  /** Drain marks from before a restart of fairlead. */
  restore(candidates: readonly Candidate[], context: SwarmContext, nowMs: number): void {
    for (const each of candidates) {
      const known = this.#tasks.get(each.key)
      known?.view(context, nowMs)
      known?.restore(each)
    }
  }

  /** Everything that is shown now, and noted as shown. */
  all(context: SwarmContext, nowMs: number): readonly Candidate[] {
    this.#gone = []
    return [...this.#tasks.values()].flatMap((each) => {
      each.changed(context, nowMs)
      return each.view(context, nowMs) ?? []
    })
  }

  difference(context: SwarmContext, nowMs: number): SwarmDifference {
    const upserts: Candidate[] = []
    const fresh: SwarmTask[] = []
    const removals = this.#gone
    this.#gone = []
    for (const each of this.#tasks.values()) {
      const wasShown = each.isShown
      const changed = each.changed(context, nowMs)
      if (changed === undefined) continue
      if (changed === null) {
        removals.push(this.#goneTask(each, undefined))
        continue
      }
      upserts.push(changed)
      if (!wasShown) fresh.push(each.task)
    }
    return { upserts, removals, fresh }
  }

  /** Updates that Docker has given up. */
  problems(): readonly Problem[] {
    return [...this.#services.values()].flatMap((service) => {
      const { State = '', Message = '' } = service.UpdateStatus ?? {}
      if (State !== 'paused' && State !== 'rollback_paused') return []
      const name = serviceNameOf(service, {})
      const what = `its ${State === 'paused' ? 'update' : 'rollback'} is paused: ${Message}`
      const hint = `docker service ps ${name} says why; docker service rollback ${name} goes back`
      return [{ where: `service ${name}`, what, hint }]
    })
  }

  #goneTask(known: KnownTask, task: SwarmTask | undefined): GoneTask {
    return {
      id: known.id,
      name: this.nameOf(known.id),
      containerId: containerIdOf(known.task),
      isOnPurpose: known.isDraining,
      exitCode: task?.Status?.ContainerStatus?.ExitCode,
    }
  }

  #refreshFacts(): void {
    for (const known of this.#tasks.values()) known.absorb(this.#factsOf(known.task))
  }

  #factsOf(task: SwarmTask): TaskFacts {
    return {
      task,
      service: this.#services.get(task.ServiceID ?? ''),
      node: this.#nodes.get(task.NodeID ?? ''),
      image: this.#images.get(imageOf(task)),
    }
  }
}

function imageOf(task: SwarmTask): string {
  return task.Spec?.ContainerSpec?.Image ?? ''
}

/** What happened, for people: `running web.1 web.2, draining web.3`. */
export function causeOf({ upserts, removals }: SwarmDifference): string {
  const come = upserts.filter(({ endpoints }) => endpoints.some((each) => !each.draining))
  const drain = upserts.filter(({ endpoints }) => endpoints.some((each) => each.draining))
  const others = upserts.filter(({ endpoints }) => endpoints.length === 0)
  const parts = [
    ['running', come],
    ['draining', drain],
    ['left out', others],
    ['gone', removals],
  ] as const
  return parts
    .filter(([, all]) => all.length > 0)
    .map(([what, all]) => `${what} ${listed(all.map(({ name }) => name))}`)
    .join(', ')
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(' ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}

/** When the first of some tasks reached `running`, Unix ms by its node's clock. */
export function firstRunningMs(tasks: readonly SwarmTask[]): number | undefined {
  const times = tasks
    .filter(isRunning)
    .map((each) => Date.parse(each.Status?.Timestamp ?? ''))
    .filter((each) => !Number.isNaN(each))
  return times.length === 0 ? undefined : Math.min(...times)
}
