import type { OfferedService } from '../../consul-catalogue/changed-services.ts'
import type { HealthEntry } from '../../consul/types.ts'

type Instance = OfferedService & {
  readonly node: string
  readonly id: string
  readonly isIll: boolean
  /** Consul's index of the node's last change; undefined: it is not said. */
  readonly nodeIndex: number | undefined
}

type Place = { readonly service: string; readonly node: string; readonly serviceId: string }

/** What was read of the instances of services: as much of it as tells whether they have changed. */
export class InstanceBook {
  readonly #services = new Map<string, readonly Instance[]>()

  set(service: string, answer: readonly HealthEntry[]): void {
    this.#services.set(service, answer.map(instanceOf))
  }

  forget(service: string): void {
    this.#services.delete(service)
  }

  has(service: string, node: string, id: string): boolean {
    const instances = this.#services.get(service) ?? []
    return instances.some((each) => each.node === node && each.id === id)
  }

  /** By service id. */
  onNode(node: string): ReadonlyMap<string, OfferedService> {
    const all = [...this.#services.values()].flat().filter((each) => each.node === node)
    return new Map(all.map((each) => [each.id, each]))
  }

  /** Services that have an instance on a node that is none of these. */
  *servicesBeside(nodes: ReadonlySet<string>): Generator<string> {
    for (const [service, instances] of this.#services) {
      if (instances.some(({ node }) => !nodes.has(node))) yield service
    }
  }

  /** Instances of one service, or all, that were read before their node last changed. */
  *behind(
    nodes: ReadonlyMap<string, number>,
    service?: string,
  ): Generator<{ readonly name: string; readonly node: string; readonly index: number }> {
    const some = service === undefined ? this.#services.values() : [this.#services.get(service)]
    for (const { name, node, nodeIndex = Infinity } of [...some].flatMap((each) => each ?? [])) {
      const index = nodes.get(node) ?? 0
      if (nodeIndex < index) yield { name, node, index }
    }
  }

  *ill(): Generator<Place> {
    for (const instances of this.#services.values()) {
      for (const { name, node, id, isIll } of instances) {
        if (isIll) yield { service: name, node, serviceId: id }
      }
    }
  }
}

function instanceOf({ Node, Service, Checks }: HealthEntry): Instance {
  return {
    node: Node.Node,
    id: Service.ID,
    name: Service.Service,
    tags: Service.Tags ?? [],
    modifyIndex: Service.ModifyIndex ?? 0,
    nodeIndex: Node.ModifyIndex,
    isIll: Checks.some(({ Status }) => Status !== 'passing'),
  }
}
