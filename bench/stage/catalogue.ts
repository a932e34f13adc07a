import type { ConsulAgent } from '../../test/support/consul/consul-agent.ts'
import { inTurns } from './containers.ts'

/** Services and nodes that nobody runs an agent for: written into Consul's catalogue alone. */
export type CatalogueSize = {
  readonly services: number
  readonly endpointsPerService: number
  readonly nodes: number
}

/** One instance: the `slot`th of its service. */
export type Place = { readonly service: number; readonly slot: number }

const width = 4
// Consul's limit of operations in one transaction (manual: HTTP API, Txn).
const perTransaction = 64

/** The catalogue of one agent; all instances answer on one port of addresses in 127.1.0.0/16. */
export class Catalogue {
  readonly #agent: ConsulAgent
  readonly #size: CatalogueSize
  readonly #port: number

  constructor(agent: ConsulAgent, size: CatalogueSize, port: number) {
    this.#agent = agent
    this.#size = size
    this.#port = port
  }

  /** How many instances `seed` registers. */
  get endpoints(): number {
    return this.#size.services * this.#size.endpointsPerService
  }

  /** Registers all nodes and instances; at most four requests under way. */
  async seed(): Promise<void> {
    const nodes = Array.from({ length: this.#size.nodes }, (_, node) => this.#node(node))
    await inTurns(nodes, width, (node) => this.#put('/v1/catalog/register', node))
    const operations = Array.from({ length: this.endpoints }, (_, i) => this.#place(i)).map(
      (place) => ({
        Service: {
          Verb: 'set',
          Node: this.#node(this.#nodeOf(place)).Node,
          Service: this.#service(place),
        },
      }),
    )
    const transactions = Array.from(
      { length: Math.ceil(operations.length / perTransaction) },
      (_, i) => operations.slice(i * perTransaction, (i + 1) * perTransaction),
    )
    await inTurns(transactions, width, (each) => this.#put('/v1/txn', each))
  }

  /** Adds or replaces one instance. */
  register(place: Place): Promise<void> {
    const node = this.#node(this.#nodeOf(place))
    return this.#put('/v1/catalog/register', {
      ...node,
      SkipNodeUpdate: true,
      Service: this.#service(place),
    })
  }

  deregister(place: Place): Promise<void> {
    const { Node } = this.#node(this.#nodeOf(place))
    return this.#put('/v1/catalog/deregister', { Node, ServiceID: this.#service(place).ID })
  }

  /** Name of a service. */
  name(service: number): string {
    return `service-${service}`
  }

  #place(i: number): Place {
    return { service: i % this.#size.services, slot: Math.floor(i / this.#size.services) }
  }

  // The instances of a service are on different nodes, and each node has some of many services.
  #nodeOf({ service, slot }: Place): number {
    return (service * this.#size.endpointsPerService + slot) % this.#size.nodes
  }

  #node(node: number): { readonly Node: string; readonly Address: string } {
    return { Node: `bench-${node}`, Address: `127.0.1.${node + 1}` }
  }

  #service(place: Place): { readonly ID: string } & Readonly<Record<string, unknown>> {
    const { service, slot } = place
    const i = service * (this.#size.endpointsPerService + 1) + slot
    return {
      ID: `bench-${this.#nodeOf(place)}:${this.name(service)}-${slot}:80`,
      Service: this.name(service),
      Address: `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`,
      Port: this.#port,
      Meta: { fairlead_enable: 'true' },
    }
  }

  async #put(path: string, body: unknown): Promise<void> {
    const { status, body: answer } = await this.#agent.api('PUT', path, body)
    if (status !== 200) throw new Error(`PUT ${path}: ${status} ${JSON.stringify(answer)}`)
  }
}
