import { flagsText, parseFlags } from '../support/go-flags.ts'
import type { FlagValues } from '../support/go-flags.ts'

/** Registrator's own flags, with its names, types and defaults. */
const registratorsFlags = {
  ip: {
    kind: 'string',
    fallback: '',
    usage: 'IP of every service instead of the address of this host',
  },
  internal: {
    kind: 'bool',
    fallback: false,
    usage: 'Register container addresses and exposed ports instead of published ones',
  },
  explicit: {
    kind: 'bool',
    fallback: false,
    usage: 'Register only ports that SERVICE_NAME names',
  },
  useIpFromLabel: {
    kind: 'string',
    fallback: '',
    usage: 'Use the IP that this `LABEL` of the container holds',
  },
  tags: {
    kind: 'string',
    fallback: '',
    usage: 'Tags for every service, separated by commas; a Go template over the container',
  },
  ttl: {
    kind: 'int',
    fallback: 0,
    usage: 'TTL of services in `SECONDS`, for registries that have it',
  },
  'ttl-refresh': { kind: 'int', fallback: 0, usage: 'Refresh services every `SECONDS`' },
  resync: {
    kind: 'int',
    fallback: 0,
    usage: 'Look at all containers and services anew every `SECONDS`; 0: never',
  },
  deregister: {
    kind: 'string',
    fallback: 'always',
    usage:
      'Deregister services of ended containers "always", "on-success" (exit code 0, or a signal) or "never"',
  },
  'retry-attempts': {
    kind: 'int',
    fallback: 0,
    usage: 'How often the registry is tried again at the start; -1: for ever',
  },
  'retry-interval': { kind: 'int', fallback: 2000, usage: '`MILLISECONDS` between these tries' },
  cleanup: {
    kind: 'bool',
    fallback: false,
    usage: 'Remove services of this host whose containers are gone',
  },
} as const

/** What Registrator has not. Everything that changes what is registered is off by default. */
const furtherFlags = {
  network: {
    kind: 'string',
    fallback: '',
    usage:
      'Register address and exposed port on the first of these `NETWORKS` (separated by commas) that a container is on',
  },
  overrides: {
    kind: 'bool',
    fallback: false,
    usage:
      'Containers may set SERVICE_NETWORK, SERVICE_INTERNAL, SERVICE_IP and SERVICE_PORTS, a list of the ports to register (80,53/udp; 0: the container without port)',
  },
  own: {
    kind: 'bool',
    fallback: false,
    usage: 'Mark services in their meta as registered for the containers of this Docker daemon',
  },
  'cleanup-by-id': {
    kind: 'bool',
    fallback: false,
    usage:
      'Remove marked services of this Docker daemon that no container wants, by exact id (sets -own)',
  },
  'deregister-on': {
    kind: 'string',
    fallback: 'die',
    usage:
      'Deregister when a container has ended ("die"), when it is told to stop ("stop"), or put it into maintenance until it has ended ("drain")',
  },
  health: {
    kind: 'bool',
    fallback: false,
    usage: "Register a container's HEALTHCHECK as a TTL check, and keep it up to date",
  },
  'healthy-only': {
    kind: 'bool',
    fallback: false,
    usage: 'Register a container with a HEALTHCHECK only while it is healthy',
  },
  meta: {
    kind: 'strings',
    fallback: [],
    usage: 'Meta of every service, `KEY=VALUE`; a container may say otherwise; repeatable',
  },
  'opt-in': {
    kind: 'bool',
    fallback: false,
    usage: 'Register only containers with SERVICE_REGISTER=true (label or variable)',
  },
  'only-label': {
    kind: 'strings',
    fallback: [],
    usage: 'Register only containers with one of these labels, `KEY[=VALUE]`; repeatable',
  },
  'ignore-label': {
    kind: 'strings',
    fallback: [],
    usage: 'Do not register containers with one of these labels, `KEY[=VALUE]`; repeatable',
  },
  'only-name': {
    kind: 'strings',
    fallback: [],
    usage: 'Register only containers with such a name, a `PATTERN` with * and ?; repeatable',
  },
  'ignore-name': {
    kind: 'strings',
    fallback: [],
    usage: 'Do not register containers with such a name, a `PATTERN` with * and ?; repeatable',
  },
  'all-checks': {
    kind: 'bool',
    fallback: false,
    usage:
      'Register all SERVICE_CHECK_* of a service instead of the first, SERVICE_CHECK_2_* and so on too, and checks that Registrator has not: docker, args, HTTP headers and body, https without verification',
  },
  suffix: {
    kind: 'string',
    fallback: 'group',
    usage:
      'When -<port> is added to a service name: with several ports and no name of its own ("group"), "always", "never", or where two ports of a container would have one name ("collision")',
  },
  aliases: {
    kind: 'bool',
    fallback: false,
    usage: 'SERVICE_NAME=a,b registers a service of each name',
  },
  'ip-interface': {
    kind: 'string',
    fallback: '',
    usage: 'Like -ip, with the address of this network `INTERFACE`',
  },
  ipv6: { kind: 'bool', fallback: false, usage: 'Prefer IPv6 addresses where there is one' },
  'clean-meta': {
    kind: 'bool',
    fallback: false,
    usage: 'Leave check_* out of the service meta',
  },
  'tags-in-order': {
    kind: 'bool',
    fallback: false,
    usage: 'Register tags in the order in which they are given, not reversed',
  },
  'published-only': {
    kind: 'bool',
    fallback: false,
    usage:
      'Never take an exposed port for a published one, as is otherwise done outside of host networks where nothing is published',
  },
  'tag-override': {
    kind: 'bool',
    fallback: false,
    usage: 'SERVICE_ENABLE_TAG_OVERRIDE registers a service with EnableTagOverride',
  },
  'digest-names': {
    kind: 'bool',
    fallback: false,
    usage: 'Name services of images given by digest as Registrator does: redis@sha256',
  },
  'empty-address': {
    kind: 'bool',
    fallback: false,
    usage: "Register services without an address of their own; Consul then gives the node's",
  },
  'skip-bad-tags': {
    kind: 'bool',
    fallback: false,
    usage: 'Leave out a container for which -tags fails, instead of ending',
  },
} as const

export const flags = { ...registratorsFlags, ...furtherFlags }

export type RegistratorFlags = FlagValues<typeof flags>

/** A command line that can be run, or what to say instead and the exit code. */
export type CommandLine =
  | { readonly kind: 'run'; readonly flags: RegistratorFlags; readonly uri: string }
  | { readonly kind: 'end'; readonly exitCode: number; readonly message: string }

/** `program`: what it was called as, for the usage. */
export function parseCommandLine(argv: readonly string[], program: string): CommandLine {
  const parsed = parseFlags(flags, argv)
  const usage = usageText(program)
  if (parsed.kind === 'help') return { kind: 'end', exitCode: 0, message: usage }
  if (parsed.kind === 'mistake') return wrongUse(`${parsed.message}\n${usage}`)
  const [uri, ...extra] = parsed.rest
  if (uri === undefined) return wrongUse(`Missing required argument for registry URI.\n\n${usage}`)
  if (extra.length > 0) {
    return wrongUse(
      `Extra unparsed arguments:\n  ${extra.join(' ')}\n` +
        `Options should come before the registry URI argument.\n\n${usage}`,
    )
  }
  return { kind: 'run', flags: parsed.values, uri }
}

function wrongUse(message: string): CommandLine {
  return { kind: 'end', exitCode: 2, message }
}

export function usageText(program: string): string {
  return `Usage of ${program}:\n  ${program} [options] <registry URI>\n\n${flagsText(flags)}`
}

/** What is wrong with the values, in Registrator's words where it checks them too; empty: nothing. */
export function flagsFault(given: RegistratorFlags): string {
  const { ttl, deregister, suffix } = given
  const refresh = given['ttl-refresh']
  if ((ttl === 0 && refresh > 0) || (ttl > 0 && refresh === 0)) {
    return '-ttl and -ttl-refresh must be specified together or not at all'
  }
  if (ttl > 0 && ttl <= refresh) return '-ttl must be greater than -ttl-refresh'
  if (given['retry-interval'] <= 0) return '-retry-interval must be greater than 0'
  if (!['always', 'on-success', 'never'].includes(deregister)) {
    return '-deregister must be "always" or "on-success"'
  }
  if (!['die', 'stop', 'drain'].includes(given['deregister-on'])) {
    return '-deregister-on must be "die", "stop" or "drain"'
  }
  if (!['group', 'always', 'never', 'collision'].includes(suffix)) {
    return '-suffix must be "group", "always", "never" or "collision"'
  }
  const meta = given.meta.find((each) => !/^[^=]+=/.test(each))
  if (meta !== undefined) return `-meta must be KEY=VALUE: ${meta}`
  if (given.ip !== '' && given['ip-interface'] !== '') {
    return '-ip and -ip-interface cannot be specified together'
  }
  return ''
}
