import type { RunningServer } from '../control.ts'

/** The command that lists all servers, or those of one backend. */
export function showServersCommand(backend?: string): string {
  return backend === undefined ? 'show servers state' : `show servers state ${backend}`
}

/**
 * Reads `show servers state` (management.txt §9.3: a version, the column names, one line a server).
 * Gives `backend/server` → server; columns are found by name. Empty for what is no such answer
 * (an unknown backend). With `only`, the lines of other servers are passed over, at a tenth of the
 * cost: a backend of thousands can be read back after every change.
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
  for (let start = headerEnd + 1, end = 0; start < reply.length; start = end + 1) {
    end = endOfLine(reply, start)
    const key = only === undefined ? undefined : keyAt(reply, start)
    if (key !== undefined && only?.has(key) === false) continue
    const line = reply.slice(start, end)
    if (!/^\d+ /.test(line)) continue
    const server = read(line)
    servers.set(`${server.backend}/${server.name}`, server)
  }
  return servers
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
