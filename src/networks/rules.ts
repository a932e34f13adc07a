import type { NetworkRef } from './contract.ts'

/** What Docker says of a network, as far as it decides whether something can be attached to it. */
export type NetworkDetails = {
  readonly name: string
  readonly driver: string
  readonly scope: 'local' | 'swarm' | 'global'
  readonly isAttachable: boolean
  readonly isIngress: boolean
  readonly isInternal: boolean
  readonly subnets: readonly string[]
}

/** What the user allows. Patterns are names in which `*` stands for any part. */
export type JoinRules = {
  readonly isOn: boolean
  /** Only these are joined; empty: all that can be. */
  readonly only: readonly string[]
  readonly never: readonly string[]
}

/**
 * What HAProxy's published ports hang on. Docker maps them to one of a container's networks, the one
 * that has its default route: the first by name of those that have a way out. When an earlier one is
 * attached, the ports are unmapped, their connections are cut, and they are mapped anew: for up to a
 * second they are refused. From API 1.48 on an endpoint can say that it wants no default route.
 *
 * `free`: on none that could change (no published ports, or that API). `first`: on the network of
 * this name. `any`: on what Docker gives to containers without a bridge network, and takes away again
 * for any bridge network.
 */
export type PublishedOn =
  | { readonly kind: 'free' }
  | { readonly kind: 'first'; readonly name: string }
  | { readonly kind: 'any' }

/** HAProxy's container, as far as rules look at it. */
export type RuledMember = {
  readonly name: string
  readonly attached: ReadonlyMap<string, unknown>
  readonly publishedOn: PublishedOn
}

/** Why a network is not joined, and what would help. */
export type Obstacle = { readonly what: string; readonly hint: string }

/**
 * Why HAProxy's container is not attached to a network; undefined: it may be. `details` undefined:
 * the daemon does not list it, as a swarm's worker does not before its first container there; then
 * Docker's own answer decides.
 */
export function obstacleTo(
  network: NetworkRef,
  details: NetworkDetails | undefined,
  rules: JoinRules,
  haproxy: RuledMember,
): Obstacle | undefined {
  const { name } = network
  const off = `HAProxy is not on network ${JSON.stringify(name)}`
  const byHand = `docker network connect ${shellWord(name)} ${shellWord(haproxy.name)}`
  const ruled = obstacleByRules(name, rules)
  if (ruled !== undefined) return { what: `${off}, and ${ruled}`, hint: `${byHand}, or ${publish}` }
  const cannot =
    obstacleByKind(network, details, rules) ?? obstacleByRoute(network, details, rules, haproxy)
  return cannot === undefined
    ? undefined
    : { what: `${off}, and ${cannot.what}`, hint: cannot.hint }
}

/**
 * Why a container that is a task of a swarm's service is not attached to one of the swarm's networks:
 * Docker asks the swarm for the address of any other container, but takes that of a task from the
 * host's own list, and so gives it one that another host's container has (moby, daemon/
 * container_operations.go: managed containers are not attached through the cluster; measured with
 * 20.10: both lost their traffic). A worker does not list such a network before its first container
 * there, so for a task what is not listed counts as one.
 */
export function obstacleOfTask(
  { name }: NetworkRef,
  details: NetworkDetails | undefined,
  member: { readonly name: string; readonly isSwarmTask?: boolean },
): Obstacle | undefined {
  if (member.isSwarmTask !== true || details?.scope === 'local') return undefined
  return {
    what: `${member.name} is not on network ${JSON.stringify(name)}, and as a task of a swarm's service it gets the swarm's networks from its service only`,
    hint: `docker service update --network-add ${shellWord(name)} SERVICE, or name the network in the stack`,
  }
}

export function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(name, pattern))
}

const publish = 'publish its port (docker run -p PORT)'

function obstacleByRules(name: string, rules: JoinRules): string | undefined {
  if (!rules.isOn) return 'joining networks is turned off (--join-networks off)'
  if (isNamed(name, rules.never)) return 'it is never joined (--never-join)'
  if (rules.only.length > 0 && !isNamed(name, rules.only)) return '--join-only does not name it'
  return undefined
}

function obstacleByKind(
  { name }: NetworkRef,
  details: NetworkDetails | undefined,
  rules: JoinRules,
): Obstacle | undefined {
  if (
    name === 'host' ||
    name === 'none' ||
    details?.driver === 'host' ||
    details?.driver === 'null'
  )
    return { what: 'nothing can be attached to it', hint: publish }
  if (details === undefined || details.driver === 'bridge') return undefined
  if (details.isIngress || name === 'ingress')
    return { what: "it is the swarm's own", hint: 'give the service a network of its own' }
  if (details.driver === 'overlay') {
    if (details.isAttachable || details.scope === 'global') return undefined
    return {
      what: 'it is an overlay that is not attachable',
      hint: `docker network create -d overlay --attachable ${shellWord(`${name}-attachable`)}, and put the service on it (docker service update --network-add)`,
    }
  }
  // A macvlan would take an address of the LAN, and what a plugin does is not known.
  if (isNamed(name, rules.only)) return undefined
  return {
    what: `networks of the driver ${JSON.stringify(details.driver)} are joined only when named`,
    hint: `--join-only ${shellWord(name)}, or ${publish}`,
  }
}

/** Joining it would cut the connections to HAProxy's published ports. */
function obstacleByRoute(
  { id, name }: NetworkRef,
  details: NetworkDetails | undefined,
  rules: JoinRules,
  { attached, publishedOn }: RuledMember,
): Obstacle | undefined {
  if (details?.driver !== 'bridge' || details.isInternal || attached.has(id)) return undefined
  if (publishedOn.kind === 'free' || isNamed(name, rules.only)) return undefined
  if (publishedOn.kind === 'first' && publishedOn.name < name) return undefined
  const instead =
    publishedOn.kind === 'first'
      ? `give HAProxy's own network a name that comes before (0-${publishedOn.name})`
      : 'give HAProxy a bridge network of its own, with a name that comes first (0-edge)'
  return {
    what: 'joining it would cut the connections to its published ports (this Docker maps them to the network whose name comes first)',
    hint: `${instead}, or accept that with --join-only ${shellWord(name)}, or ${publish}`,
  }
}

/** `*` stands for any part, also none; all else for itself. */
function matches(name: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (parts.length === 1) return name === pattern
  if (!name.startsWith(first) || name.length < first.length + last.length) return false
  let at = first.length
  const end = name.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return name.endsWith(last)
}

/** A name as a shell takes it. Docker allows no more than this in names of containers. */
export function shellWord(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`
}
