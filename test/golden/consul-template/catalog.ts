import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Knowledge, Surroundings } from '../../../src/template/contract.ts'
import type {
  CheckAnswer,
  NodeAnswer,
  ServiceAnswer,
} from '../../../src/template/records/answers.ts'
import { readOfflineData } from '../../../src/template/render/offline-knowledge.ts'

/** What was registered with the agent, and the environment that the templates ran in. */
type Registered = {
  readonly datacenter: string
  readonly agent: { readonly node: string; readonly node_id: string }
  readonly register: readonly {
    readonly Node: string
    readonly Address: string
    readonly ID: string
    readonly NodeMeta: Readonly<Record<string, string>>
    readonly TaggedAddresses: Readonly<Record<string, string>>
    readonly Service: ServiceAnswer
    readonly Checks: readonly CheckAnswer[]
  }[]
  readonly kv: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

const folder = import.meta.dirname

const registered = JSON.parse(readFileSync(join(folder, 'catalog.json'), 'utf8')) as Registered

/** The agent registers itself, and the service that it is. */
function agentEntry({ datacenter, agent }: Registered) {
  const node: NodeAnswer = {
    Node: agent.node,
    ID: agent.node_id,
    Address: '127.0.0.1',
    Datacenter: datacenter,
    Meta: { 'consul-network-segment': '' },
  }
  return { Node: node, Service: { ID: 'consul', Service: 'consul', Port: 28300 }, Checks: [] }
}

/** What Consul's API gives for what was registered: checks of a node count for all its services. */
function answers({ datacenter, agent, register, kv }: Registered) {
  const nodeChecks = (node: string) =>
    register
      .flatMap(({ Checks }) => Checks)
      .filter((check) => check.Node === node && (check.ServiceID ?? '') === '')
  // Who registers the same id on the same node again replaces what was there.
  const latest = new Map(register.map((each) => [`${each.Node}/${each.Service.ID}`, each]))
  const entries = [...latest.values()].map(({ Service, Checks, ...node }) => ({
    Node: {
      Node: node.Node,
      ID: node.ID,
      Address: node.Address,
      Datacenter: datacenter,
      TaggedAddresses: node.TaggedAddresses,
      Meta: node.NodeMeta,
    },
    Service,
    Checks: [
      ...nodeChecks(node.Node),
      ...Checks.filter(({ ServiceID }) => ServiceID === Service.ID),
    ],
  }))
  const all = [...entries, agentEntry(registered)]
  const names = new Set(all.map(({ Service }) => Service.Service))
  const services = Object.fromEntries(
    [...names].map((name) => [name, all.filter(({ Service }) => Service.Service === name)]),
  )
  return { datacenters: [datacenter], agent: agent.node, services, kv }
}

/** What the agent knew. */
export const knowledge: Knowledge = readOfflineData({ consul: answers(registered) }).knowledge

/** What the program had around it. */
export const surroundings: Surroundings = {
  environment: (name) => registered.env[name],
  now: () => new Date('2020-01-02T03:04:05Z'),
  workingFolder: folder,
  sandboxPath: undefined,
  hasEffects: true,
}
