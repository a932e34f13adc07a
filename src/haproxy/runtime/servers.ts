import type { RunningServer } from '../control.ts'

/** The command that lists all servers, or those of one backend. */
export function showServersCommand(backend?: string): string {
  return backend === undefined ? 'show servers state' : `show servers state ${backend}`
}

/**
 * Reads `show servers state` (management.txt §9.3: a version, the column names, one line a server).
 * Gives `backend/server` → server; columns are found by name. Empty for what is no such answer
 * (an unknown backend). With `only`, the lines of other servers are passed over, and those of a few
 * are searched for, at a fiftieth of the cost: a backend of thousands can be read back after every
 * change.
 */
export function parseServers(
  reply: string,
  only?: ReadonlySet<string>,
): Map<string, RunningServer> {
  const servers = new Map<string, RunningServer>()
  const headerAt = reply.indexOf('# be_id')
  if (headerAt === -1) return servers
  const headerEnd = endOfLine(reply, headerAt)
  const read = lineReader(reply.slice(headerAt + 2, headerEnd).split(' '))
  for (const start of startsOf(reply, headerEnd + 1, only)) {
    const line = reply.slice(start, endOfLine(reply, start))
    if (!/^\d+ /.test(line)) continue
    const server = read(line)
    servers.set(`${server.backend}/${server.name}`, server)
  }
  return servers
}

const mostSearchedFor = 8

/** Where the lines of servers begin, in their order; only of these servers if they are given. */
function startsOf(reply: string, from: number, only: ReadonlySet<string> | undefined): number[] {
  if (only === undefined || only.size > mostSearchedFor) {
    const starts: number[] = []
    for (let start = from; start < reply.length; start = endOfLine(reply, start) + 1) {
      if (only === undefined || only.has(keyAt(reply, start))) starts.push(start)
    }
    return starts
  }
  const starts = new Set<number>()
  for (const key of only) {
    const name = ` ${key.slice(key.indexOf('/') + 1)} `
    for (let at = reply.indexOf(name, from); at !== -1; at = reply.indexOf(name, at + 1)) {
      const start = reply.lastIndexOf('\n', at) + 1
      if (keyAt(reply, start) === key) starts.add(start)
    }
  }
  return [...starts].toSorted((a, b) => a - b)
}

function endOfLine(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  return feed === -1 ? text.length : feed
}

/** `backend/server` of a line: its second and fourth words, in every version since 1.7. */
function keyAt(text: string, start: number): string {
  const backendAt = text.indexOf(' ', start) + 1
  const idAt = text.indexOf(' ', backendAt) + 1
  const nameAt = text.indexOf(' ', idAt) + 1
  const end = text.indexOf(' ', nameAt)
  return `${text.slice(backendAt, idAt - 1)}/${text.slice(nameAt, end)}`
}

function lineReader(names: readonly string[]): (line: string) => RunningServer {
  const column = (name: string): number => names.indexOf(name)
  const [backend, name, address, port] = ['be_name', 'srv_name', 'srv_addr', 'srv_port'].map(column)
  const [operational, admin, weight] = ['srv_op_state', 'srv_admin_state', 'srv_uweight'].map(
    column,
  )
  return (line) => {
    const cells = line.split(' ')
    const cell = (index: number | undefined): string => cells[index ?? -1] ?? ''
    return {
      backend: cell(backend),
      name: cell(name),
      address: cell(address) === '-' ? '' : cell(address),
      port: Number(cell(port)),
      weight: Number(cell(weight)),
      admin: adminOf(Number(cell(admin))),
      operational: operationalStates[Number(cell(operational))] ?? 'stopped',
    }
  }
}

const operationalStates = ['stopped', 'starting', 'running', 'stopping'] as const

/**
 * Bits of srv_admin_state: 0x01 maint by command, 0x02 by a tracked server, 0x20 by resolution,
 * 0x40 by host name; 0x08 and 0x10 drain by command and by a tracked server. 0x04 only remembers
 * that the configuration said `disabled`: it stays when the server is made ready again.
 */
function adminOf(bits: number): RunningServer['admin'] {
  if ((bits & 0x63) !== 0) return 'maint'
  return (bits & 0x18) === 0 ? 'ready' : 'drain'
}
