import { isLocalSocket, parseSocketAddress } from '../haproxy/runtime/address.ts'
import { answering, error, note, ok, warning } from './facts.ts'
import type { DoctorFacts, Finding, SocketFacts } from './facts.ts'

const withMaster = 'start HAProxy with -W -S /run/haproxy-master.sock,mode,600'

/** Who answers where, and what may be done there. */
export function judgeSockets(facts: DoctorFacts): Finding[] {
  const { sockets } = facts
  const haproxy = answering(facts)
  const findings = sockets.flatMap((socket) => judgeSocket(socket, facts))
  if (haproxy === undefined) {
    const { length } = facts.processes
    const found =
      length === 0
        ? 'no HAProxy answers, and none runs on this machine'
        : `${length} HAProxy on this machine (${pids(facts)}), and none answers on a socket`
    const change =
      length === 0
        ? 'start it, or name its socket with --socket PATH'
        : `${withMaster}, and name that socket`
    return [...findings, (length === 0 ? note : error)('socket', found, change)]
  }
  return [
    ...findings,
    ...judgeKinds(haproxy),
    ...judgeNamed(haproxy),
    ...judgeOthers(haproxy.address, facts),
  ]
}

/** Of several HAProxy one is looked at. */
function judgeOthers(address: string, { processes, local }: DoctorFacts): Finding[] {
  const others = processes.filter(({ pid }) => pid !== local?.process.pid)
  if (local === undefined || others.length === 0) return []
  const found = `${processes.length} HAProxy run on this machine; this is about process ${local.process.pid}, at ${address}`
  return [note('socket', found, 'name the socket of another one with --socket PATH')]
}

function judgeSocket(socket: SocketFacts, { machine }: DoctorFacts): Finding[] {
  const { address, by, observed, file } = socket
  const where = `${address} (${by})`
  if (observed === undefined) {
    const isForbidden = /EACCES|EPERM/.test(socket.error)
    if (isForbidden && file !== undefined) {
      const found = `${where} belongs to user ${file.owner} and group ${file.group} with mode ${file.mode.toString(8)}, and you are user ${machine.user}`
      return [error('socket', found, 'run it as that user or root, or add yourself to the group')]
    }
    // A place that was only guessed at is nothing to speak of.
    if (by === 'its usual place') return []
    return [
      error('socket', `${where}: ${socket.error}`, 'see that HAProxy runs and names this socket'),
    ]
  }
  const kind = observed.master === undefined ? "a worker's stats socket" : "a master's socket"
  const findings = [judgeLevel(`${where} is ${kind}`, socket)]
  if (file !== undefined && (file.mode & 0o002) !== 0) {
    const found = `${address} may be used by everybody on this machine (mode ${file.mode.toString(8)})`
    findings.push(warning('socket', found, 'give it mode 600, or 660 and a group'))
  }
  if (!isLocalSocket(parseSocketAddress(address))) {
    const found = `${address} can be reached by others, without a password`
    findings.push(warning('socket', found, 'use a unix socket, or bind it to 127.0.0.1'))
  }
  return findings
}

function judgeLevel(found: string, { observed, address }: SocketFacts): Finding {
  const level = observed?.level ?? ''
  if (level === 'admin') return ok('socket', `${found}, with level admin`)
  const line =
    observed?.master === undefined
      ? `in global: stats socket ${address} mode 600 level admin`
      : `start HAProxy with -S ${address},mode,600,level,admin`
  return error(
    'socket',
    `${found}, with level ${level} only: it can be looked at, not changed`,
    line,
  )
}

/** A master is needed to reload; a worker's socket is quicker for commands. */
function judgeKinds({ observed }: { observed: NonNullable<SocketFacts['observed']> }): Finding[] {
  const { master, sockets } = observed
  const hasDirect = sockets.some(({ level }) => level === 'admin')
  if (master === undefined) {
    const found = "only a worker's socket is known, and it cannot reload HAProxy"
    return [
      warning(
        'socket',
        found,
        `${withMaster}, or give --reload-command 'systemctl reload haproxy'`,
      ),
    ]
  }
  if (hasDirect) return []
  const found =
    'no stats socket with level admin: commands take the way through the master, which is slower'
  const change =
    'in global: stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners'
  return [note('socket', found, change)]
}

/** Sockets that the running configuration names, and that were not asked for. */
function judgeNamed({ observed }: { observed: NonNullable<SocketFacts['observed']> }): Finding[] {
  return observed.sockets
    .filter(
      ({ level, address }) => level === 'admin' && !isLocalSocket(parseSocketAddress(address)),
    )
    .map(({ address }) =>
      warning(
        'socket',
        `the running configuration has a stats socket with level admin at ${address}, without a password`,
        'bind it to 127.0.0.1, or take level admin away',
      ),
    )
}

function pids({ processes }: DoctorFacts): string {
  return processes.map(({ pid }) => `process ${pid}`).join(', ')
}
