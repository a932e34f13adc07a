import type { AnswerOf, HealthService } from '../src/template/catalogue.ts'
import type { DependencySource } from '../src/template/contract.ts'
import type { Dependency } from '../src/template/dependency.ts'

/** The template of the bench, as people write them for Consul. */
export function templateOf(port: number): string {
  return `global
  noreuseport
defaults
  mode http
  option idle-close-on-response
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend web
  bind 127.0.0.1:${port}
  use_backend %[req.hdr(host),lower,field(1,:)]
{{range services}}
backend {{.Name}}
  balance roundrobin
{{- range service .Name}}{{if .Tags | contains "http"}}
  server {{.ID}} {{.Address}}:{{.Port}} check inter 60s rise 1 maxconn {{or .ServiceMeta.maxconn "100"}} weight {{.Weights.Passing}}
{{- end}}{{end}}
{{end}}`
}

const nothing: ReadonlyMap<string, never> = new Map<string, never>()

/** A catalogue in memory: every answer the same object until its service is changed. */
export class Fleet implements DependencySource {
  readonly #services: readonly string[]
  readonly #instances = new Map<string, readonly HealthService[]>()
  readonly #snippets: AnswerOf['catalog.services']

  constructor(services: number, endpoints: number, port: number) {
    this.#services = Array.from({ length: services }, (_, index) => `app-${index}`)
    this.#snippets = this.#services.map((Name) => ({ Name, Tags: ['http'] }))
    for (const [index, name] of this.#services.entries()) {
      const own = Math.ceil((endpoints - index) / services)
      const instances = Array.from({ length: own }, (_, nth) =>
        instance(name, index + nth * services, port),
      )
      this.#instances.set(name, instances)
    }
  }

  recall<D extends Dependency>(dependency: D): AnswerOf[D['kind']] | undefined
  recall(dependency: Dependency): unknown {
    if (dependency.kind === 'catalog.services') return this.#snippets
    return dependency.kind === 'health.service'
      ? this.#instances.get(dependency.service)
      : undefined
  }

  /** Everything is known already, and nothing changes but by `reweigh`. */
  follow(): void {}
  onEvent(): void {}
  close(): void {}

  /** Another weight for one endpoint of a service. */
  reweigh(service: number, weight: number): void {
    const name = this.#services[service % this.#services.length] ?? ''
    const [first, ...others] = this.#instances.get(name) ?? []
    if (first === undefined) throw new Error(`${name} has no endpoint`)
    const changed = { ...first, Weights: { Passing: weight, Warning: 1 } }
    this.#instances.set(name, [changed, ...others])
  }
}

function instance(service: string, number: number, port: number): HealthService {
  return {
    Node: 'node-1',
    NodeID: '',
    NodeAddress: '127.0.0.1',
    NodeDatacenter: 'dc1',
    NodeTaggedAddresses: nothing,
    NodeMeta: nothing,
    ServiceMeta: nothing,
    // One port of 127.0.0.0/8 stands for all servers.
    Address: `127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255 || 1}`,
    ServiceTaggedAddresses: nothing,
    ID: `s-${number}`,
    Name: service,
    Tags: ['http'],
    Checks: [],
    Status: 'passing',
    Port: port,
    Weights: { Passing: 1, Warning: 1 },
  }
}
