import type { RunningServer } from '../control.ts'

/** What a worker knows of its servers, as far as commands can change it. */
export type ServerWorld = {
  readonly servers: Map<string, RunningServer>
  /** Backends that exist; undefined: not asked for. */
  readonly backends: { has(name: string): boolean } | undefined
}

/**
 * What one command does to the servers, as HAProxy 2.6 does it: changes `world` and gives the reply
 * with its severity. Undefined for a command that is not about servers.
 */
export function interpretServerCommand(
  world: ServerWorld,
  words: readonly string[],
): string | undefined {
  const [verb = '', noun = '', key = '', ...rest] = words
  switch (`${verb} ${noun}`) {
    case 'add server':
      return addServer(world, key, rest)
    case 'del server':
      return deleteServer(world, key)
    case 'enable server':
      return change(world, key, makeReady)
    case 'disable server':
      return change(world, key, (server) => ({ ...server, admin: 'maint', operational: 'stopped' }))
    case 'enable health':
    case 'disable health':
      return change(world, key, (server) => server)
    case 'set weight':
      return setWeight(world, key, rest[0] ?? '')
    case 'set server':
      return setServer(world, key, rest)
    case 'set maxconn':
      return key === 'server' ? change(world, rest[0] ?? '', (server) => server) : undefined
    case 'shutdown sessions':
      return key === 'server' ? change(world, rest[0] ?? '', (server) => server) : undefined
    default:
      return undefined
  }
}

function addServer(world: ServerWorld, key: string, rest: readonly string[]): string {
  const [backend = '', name = ''] = key.split('/')
  if (world.backends?.has(backend) === false) return '[3]: No such backend.'
  if (world.servers.has(key)) return '[3]: Already exists a server with the same name in backend.'
  const { address, port } = parseAddress(rest[0] ?? '')
  const weight = rest.indexOf('weight')
  const isEnabled = rest.includes('enabled')
  world.servers.set(key, {
    backend,
    name,
    address,
    port,
    weight: weight === -1 ? 1 : Number(rest[weight + 1]),
    admin: isEnabled ? 'ready' : 'maint',
    operational: isEnabled ? 'running' : 'stopped',
  })
  return '[6]: New server registered.'
}

/** `1.2.3.4:80`, `[::1]:80`, `ipv6@::1:80` as a server line has them (configuration.txt §5.2). */
export function parseAddress(text: string): { address: string; port: number } {
  const bare = text.replace(/^ipv[46]@/, '')
  const colon = bare.lastIndexOf(':')
  return {
    address: bare.slice(0, colon).replaceAll(/[[\]]/g, ''),
    port: Number(bare.slice(colon + 1)),
  }
}

function deleteServer(world: ServerWorld, key: string): string {
  const server = world.servers.get(key)
  if (server === undefined) return '[3]: No such server.'
  if (server.admin !== 'maint') return '[3]: Only servers in maintenance mode can be deleted.'
  world.servers.delete(key)
  return '[6]: Server deleted.'
}

function setServer(world: ServerWorld, key: string, rest: readonly string[]): string {
  const [what = '', value = '', , port] = rest
  switch (what) {
    case 'state':
      if (value === 'ready') return change(world, key, makeReady)
      if (value === 'drain')
        return change(world, key, (server) => ({
          ...server,
          admin: 'drain',
          operational: 'running',
        }))
      if (value === 'maint')
        return change(world, key, (server) => ({
          ...server,
          admin: 'maint',
          operational: 'stopped',
        }))
      return "[3]: 'set server <srv> state' expects 'ready', 'drain' and 'maint'."
    case 'weight':
      return setWeight(world, key, value)
    case 'health':
      return change(world, key, (server) => ({
        ...server,
        operational: value === 'up' ? 'running' : 'stopped',
      }))
    case 'addr': {
      const refusal = change(world, key, (server) => ({
        ...server,
        address: value,
        port: port === undefined ? server.port : Number(port),
      }))
      return refusal === '' ? '[4]: IP changed' : refusal
    }
    default:
      return change(world, key, (server) => server)
  }
}

function setWeight(world: ServerWorld, key: string, value: string): string {
  const weight = Number(value)
  if (!Number.isInteger(weight) || weight < 0 || weight > 256) {
    return '[3]: Absolute weight can only be between 0 and 256 inclusive.'
  }
  return change(world, key, (server) => ({ ...server, weight }))
}

function makeReady(server: RunningServer): RunningServer {
  return { ...server, admin: 'ready', operational: 'running' }
}

function change(
  world: ServerWorld,
  key: string,
  how: (server: RunningServer) => RunningServer,
): string {
  const server = world.servers.get(key)
  if (server === undefined) return '[3]: No such server.'
  world.servers.set(key, how(server))
  return ''
}
