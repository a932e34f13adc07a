import type { NodeService, ServiceDefinition } from '../consul/types.ts'
import type { ClusterHash } from './cluster-hash.ts'
import { clusterService } from './own-service.ts'

/** What a load balancer says of itself in Consul. */
export type Card = {
  /** Name of the instance, and of the machine it runs on: together they name a load balancer. */
  readonly instance: string
  readonly node: string
  /** Another one at every start: tells two programs of one name apart. */
  readonly run: string
  readonly version: string
  readonly haproxyVersion: string
  readonly hash: ClusterHash
  readonly generation: number
  /** The desired state is in force. */
  readonly isApplied: boolean
  readonly pinnedTo: number | undefined
  readonly leftOut: number
  /** The newest of Consul's indexes among the services that it has read. */
  readonly catalogueIndex: number
  /** Since when (Unix ms, its own clock) this is the hash. */
  readonly sinceMs: number
  /** `ADDR:PORT` of its HAProxy. */
  readonly http: readonly string[]
}

/** How a load balancer is doing, and a word about it, which is the same as long as that is. */
export type Condition = { readonly status: 'passing' | 'warning'; readonly output: string }

/** Consul's check of a load balancer fails when it was not heard of for so long. */
const ttl = '15s'
/** One that does not come back is forgotten by the agent it registered with. */
const forgottenAfter = '24h'
/** Of a value in Consul's meta (manual: Service Definition). */
const mostValueCharacters = 512

export function cardId({ node, instance }: Pick<Card, 'node' | 'instance'>): string {
  return `${clusterService}:${node}:${instance}`
}

export function checkId(id: string): string {
  return `service:${id}`
}

/**
 * The card as a service. It has no port, and so no template or balancer that goes by ports ever
 * takes it for a server; its address is its agent's.
 */
export function toDefinition(card: Card): ServiceDefinition & { readonly ID: string } {
  const ID = cardId(card)
  const check = {
    CheckID: checkId(ID),
    Name: 'heartbeat of the load balancer',
    TTL: ttl,
    Status: 'passing',
    DeregisterCriticalServiceAfter: forgottenAfter,
  }
  return { ID, Name: clusterService, Meta: metaOf(card), Check: check }
}

function metaOf(card: Card): Readonly<Record<string, string>> {
  const { parts } = card.hash
  const meta: Record<string, string> = {
    [key.form]: '1',
    [key.instance]: card.instance,
    [key.node]: card.node,
    [key.run]: card.run,
    [key.version]: card.version,
    [key.haproxy]: card.haproxyVersion,
    [key.hash]: card.hash.whole,
    [key.settings]: parts.settings,
    [key.files]: parts.files,
    [key.servers]: parts.servers,
    [key.generation]: String(card.generation),
    [key.applied]: card.isApplied ? 'yes' : 'no',
    [key.pinned]: card.pinnedTo === undefined ? '' : String(card.pinnedTo),
    [key.leftOut]: String(card.leftOut),
    [key.index]: String(card.catalogueIndex),
    [key.since]: String(card.sinceMs),
    [key.http]: card.http.join(' '),
  }
  const entries = Object.entries(meta)
  return Object.fromEntries(entries.map(([k, value]) => [k, value.slice(0, mostValueCharacters)]))
}

/** The card that a service in Consul is; undefined: something else that has the same name. */
export function readCard({ Meta }: Pick<NodeService, 'Meta'>): Card | undefined {
  const text = (name: string): string => Meta?.[name] ?? ''
  const number = (name: string): number => {
    const value = Number(text(name))
    return Number.isSafeInteger(value) && value >= 0 ? value : 0
  }
  const [instance, node, whole] = [text(key.instance), text(key.node), text(key.hash)]
  if (text(key.form) !== '1' || instance === '' || node === '') return undefined
  return {
    instance,
    node,
    run: text(key.run),
    version: text(key.version),
    haproxyVersion: text(key.haproxy),
    hash: {
      whole,
      parts: {
        settings: text(key.settings),
        files: text(key.files),
        servers: text(key.servers),
      },
    },
    generation: number(key.generation),
    isApplied: text(key.applied) === 'yes',
    pinnedTo: text(key.pinned) === '' ? undefined : number(key.pinned),
    leftOut: number(key.leftOut),
    catalogueIndex: number(key.index),
    sinceMs: number(key.since),
    http: text(key.http)
      .split(' ')
      .filter((each) => each !== ''),
  }
}

/** Keys of the meta; with the first one's value all others mean what is said here. */
const key = {
  form: 'fairlead-cluster',
  instance: 'fairlead-instance',
  node: 'fairlead-node',
  run: 'fairlead-run',
  version: 'fairlead-version',
  haproxy: 'fairlead-haproxy',
  hash: 'fairlead-hash',
  settings: 'fairlead-hash-settings',
  files: 'fairlead-hash-files',
  servers: 'fairlead-hash-servers',
  generation: 'fairlead-generation',
  applied: 'fairlead-applied',
  pinned: 'fairlead-pinned',
  leftOut: 'fairlead-left-out',
  index: 'fairlead-index',
  since: 'fairlead-since',
  http: 'fairlead-http',
} as const
