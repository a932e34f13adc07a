import type { RunningServer } from '../control.ts'

/** The command that lists all servers, or those of one backend. */
export function showServersCommand(backend?: string): string {
  return backend === undefined ? 'show servers state' : `show servers state ${backend}`
}

/**
 * Reads `show servers state` (management.txt §9.3: a version, the column names, one line a server).
 * Gives `backend/server` → server; columns are found by name. Empty for what is no such answer
 * (an unknown backend).
 */
export function parseServers(reply: string): Map<string, RunningServer> {
  const servers = new Map<string, RunningServer>()
  const lines = reply.split('\n')
  const header = lines.find((line) => line.startsWith('# be_id'))
  if (header === undefined) return servers
  const names = header.slice(2).split(' ')
  const column = (name: string): number => names.indexOf(name)
  const [backend, name, address, port] = ['be_name', 'srv_name', 'srv_addr', 'srv_port'].map(column)
  const [operational, admin, weight] = ['srv_op_state', 'srv_admin_state', 'srv_uweight'].map(
    column,
  )
  for (const line of lines) {
    if (!/^\d+ /.test(line)) continue
    const cells = line.split(' ')
    const cell = (index: number | undefined): string => cells[index ?? -1] ?? ''
    servers.set(`${cell(backend)}/${cell(name)}`, {
      backend: cell(backend),
      name: cell(name),
      address: cell(address) === '-' ? '' : cell(address),
      port: Number(cell(port)),
      weight: Number(cell(weight)),
      admin: adminOf(Number(cell(admin))),
      operational: operationalStates[Number(cell(operational))] ?? 'stopped',
    })
  }
  return servers
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
