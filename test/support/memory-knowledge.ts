import type { AnswerOf, HealthService } from '../../src/template/catalogue.ts'
import type { DependencySource, WatchEvent } from '../../src/template/contract.ts'
import type { Dependency } from '../../src/template/dependency.ts'

/** Answers by canonical name, as a test says them. */
export class MemoryKnowledge implements DependencySource {
  readonly #answers = new Map<string, unknown>()
  #listener: (event: WatchEvent) => void = () => undefined
  followed: readonly string[] = []
  isClosed = false

  recall<D extends Dependency>({ name }: D): AnswerOf[D['kind']] | undefined {
    return this.#answers.get(name) as AnswerOf[D['kind']] | undefined
  }

  follow(dependencies: Iterable<Dependency>): void {
    this.followed = [...dependencies].map(({ name }) => name)
  }

  onEvent(listener: (event: WatchEvent) => void): void {
    this.#listener = listener
  }

  close(): void {
    this.isClosed = true
  }

  say(name: string, answer: unknown): void {
    this.#answers.set(name, answer)
    const kind = name.split('(', 1)[0] ?? ''
    this.#listener({ kind: 'changed', dependencies: [{ name, kind } as Dependency] })
  }

  /** Instances of a service, each `ADDRESS:PORT`, on one node. */
  instances(service: string, ...addresses: readonly string[]): void {
    this.say(
      `health.service(${service}|passing)`,
      addresses.map((each) => instance(service, each)),
    )
  }

  services(...names: readonly string[]): void {
    this.say(
      'catalog.services',
      names.map((Name) => ({ Name, Tags: [] })),
    )
  }
}

function instance(service: string, address: string): HealthService {
  const [host = '', port = ''] = address.split(':')
  return {
    Node: 'node-1',
    NodeID: '',
    NodeAddress: '10.0.0.100',
    NodeDatacenter: 'dc1',
    NodeTaggedAddresses: new Map(),
    NodeMeta: new Map(),
    ServiceMeta: new Map(),
    Address: host,
    ServiceTaggedAddresses: new Map(),
    ID: `node-1:${service}:${port}`,
    Name: service,
    Tags: [],
    Checks: [],
    Status: 'passing',
    Port: Number(port),
    Weights: { Passing: 1, Warning: 1 },
  }
}
