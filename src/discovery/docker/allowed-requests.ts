/**
 * When fairlead asks for something: `always` (also `fairlead registrator`), `join` for HAProxy's
 * container on users' networks, `swarm` with `--swarm`.
 */
export type Occasion = 'always' | 'join' | 'swarm'

/** One kind of request to a Docker daemon (Docker Engine API). */
export type AllowedRequest = {
  readonly method: 'GET' | 'POST'
  /** Without version and query; `{id}` is an id or a name, `{image}` an image's name with its slashes. */
  readonly path: string
  readonly when: Occasion
  readonly why: string
  /** What does not work where it is refused. */
  readonly without: string
}

const nothing = 'nothing is found on this daemon'

/**
 * All that fairlead asks of Docker. The filter in deploy/docker-socket-proxy lets this through and
 * nothing else; the tests check both that and that nothing else is asked.
 */
export const allowedRequests: readonly AllowedRequest[] = [
  {
    method: 'GET',
    path: '/info',
    when: 'always',
    why: "the daemon's name and clock, and whether its bridges are reachable",
    without: nothing,
  },
  {
    method: 'GET',
    path: '/containers/json',
    when: 'always',
    why: 'which containers run',
    without: nothing,
  },
  {
    method: 'GET',
    path: '/containers/{id}/json',
    when: 'always',
    why: 'labels, ports, addresses and health of one container',
    without: nothing,
  },
  {
    method: 'GET',
    path: '/events',
    when: 'always',
    why: 'containers that start, stop or change',
    without: nothing,
  },
  {
    method: 'GET',
    path: '/networks',
    when: 'always',
    why: 'names and drivers of networks',
    without: nothing,
  },
  {
    method: 'POST',
    path: '/networks/{id}/connect',
    when: 'join',
    why: "putting HAProxy's container on a network of containers it has to reach",
    without: 'HAProxy reaches containers on its own networks and published ports only',
  },
  {
    method: 'POST',
    path: '/networks/{id}/disconnect',
    when: 'join',
    why: 'taking it off again when nothing is left there',
    without: 'HAProxy stays on networks that it was put on',
  },
  {
    method: 'GET',
    path: '/services',
    when: 'swarm',
    why: 'names, labels and ports of services',
    without: 'fairlead up --swarm finds nothing',
  },
  {
    method: 'GET',
    path: '/tasks',
    when: 'swarm',
    why: 'state, node and addresses of tasks',
    without: 'fairlead up --swarm finds nothing',
  },
  {
    method: 'GET',
    path: '/nodes',
    when: 'swarm',
    why: 'names and addresses of nodes',
    without: 'fairlead up --swarm finds nothing',
  },
  {
    method: 'GET',
    path: '/images/{image}/json',
    when: 'swarm',
    why: 'ports that the image of a service exposes, its labels and its HEALTHCHECK',
    without: 'services need fairlead.port or a published port',
  },
]

// What Docker allows in names (container, network), which an id is, too. It begins with no dot, so
// that no `..` is one; nothing is escaped in it, so that there is nothing to decode.
const idPattern = '[A-Za-z0-9][A-Za-z0-9_.-]*'
// `registry:5000/team/web:1.2@sha256:…`; no part of it begins with a dot either.
const imagePattern = '[A-Za-z0-9][A-Za-z0-9_.:@-]*(/[A-Za-z0-9][A-Za-z0-9_.:@-]*)*'

/**
 * An extended regular expression (POSIX) for the whole request target of an allowed request: a
 * version or none, the path as it is written here, a query or none.
 */
export function targetPattern({ path }: AllowedRequest): string {
  const filled = path.replaceAll('{id}', idPattern).replaceAll('{image}', imagePattern)
  return `^(/v1\\.[0-9]+)?${filled}(\\?[^#]*)?$`
}

/** The entry that a request falls under; undefined when fairlead has no business asking it. */
export function entryOf(method: string, target: string): AllowedRequest | undefined {
  return allowedRequests.find(
    (entry) => entry.method === method && new RegExp(targetPattern(entry)).test(target),
  )
}
