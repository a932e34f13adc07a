import { bindsOf } from '../haproxy/process/binds.ts'
import { error, note, ok, warning } from './facts.ts'
import type { DoctorFacts, Finding } from './facts.ts'
import { keywordsOf } from './keywords.ts'
import type { Keyword } from './keywords.ts'

/** What the configuration on disk says, or leaves out. */
export function judgeText(facts: DoctorFacts): Finding[] {
  const { text } = facts
  if (text === undefined) return []
  const name = text.paths.join(', ')
  if (text.error !== '')
    return [error('text', `${name}: ${text.error}`, 'give yourself the right to read it')]
  const keywords = keywordsOf(text.text)
  const global = (word: string): Keyword | undefined =>
    keywords.find(({ section, words }) => section === 'global' && words[0] === word)
  return [
    ...judgeSharing(global('noreuseport'), facts),
    ...judgeEnding(global),
    ...judgeServerState(keywords),
    ...judgeLowPorts(text.text, facts),
    ...judgeMaxconn(global('maxconn'), facts),
  ]
}

/** Of two on one port each gets a part of the requests, and nobody is told (SO_REUSEPORT). */
function judgeSharing(noreuseport: Keyword | undefined, facts: DoctorFacts): Finding[] {
  const findings: Finding[] = []
  const ports = new Set(bindsOf(facts.text?.text ?? '').map(({ port }) => port))
  const own = new Set(facts.local?.process.pids)
  for (const other of facts.processes) {
    if (facts.local === undefined || own.has(other.pid)) continue
    const shared = other.listensOn.filter(({ port }) => ports.has(port))
    if (shared.length === 0) continue
    const found = `another HAProxy (process ${other.pid}) listens on port ${[...new Set(shared.map(({ port }) => port))].join(', ')} too, and takes a part of the requests`
    findings.push(error('text', found, `end it: kill -TERM ${other.pid}`))
  }
  if (noreuseport !== undefined)
    return [...findings, ok('text', 'noreuseport: no second HAProxy can share its ports')]
  const found =
    'without noreuseport a second HAProxy started on the same ports silently takes a part of the requests'
  return [...findings, warning('text', found, 'in global: noreuseport')]
}

function judgeEnding(global: (word: string) => Keyword | undefined): Finding[] {
  const missing = ['hard-stop-after', 'mworker-max-reloads'].filter(
    (word) => global(word) === undefined,
  )
  if (missing.length < 2) return []
  const found =
    'neither hard-stop-after nor mworker-max-reloads: a worker from before a reload stays as long as its last connection'
  return [note('text', found, 'in global: hard-stop-after 10m')]
}

function judgeServerState(keywords: readonly Keyword[]): Finding[] {
  const isUsed = keywords.some(
    ({ words }) => words[0] === 'load-server-state-from-file' && words[1] !== 'none',
  )
  if (!isUsed) return []
  const found =
    'load-server-state-from-file: a server put in maintenance by hand stays so after a reload, whatever the new text says'
  return [warning('text', found, 'leave it away: fairlead sets the states after each reload')]
}

function judgeLowPorts(text: string, { machine }: DoctorFacts): Finding[] {
  const low = bindsOf(text).filter(({ port }) => port < machine.lowestFreePort)
  if (low.length === 0 || machine.mayBindLowPorts) return []
  const ports = [...new Set(low.map(({ port }) => port))].join(', ')
  const found = `port ${ports} may not be bound by user ${machine.user}`
  const change = `let root or systemd start HAProxy, give it CAP_NET_BIND_SERVICE, or: sysctl net.ipv4.ip_unprivileged_port_start=${Math.min(...low.map(({ port }) => port))}`
  return [warning('text', found, change)]
}

/** Two descriptors a connection and some for itself; too few are fatal at start. */
function judgeMaxconn(maxconn: Keyword | undefined, { local }: DoctorFacts): Finding[] {
  const wanted = Number(maxconn?.words[1])
  const hard = local?.process.hardFiles
  if (!Number.isInteger(wanted) || hard === undefined || wanted * 2 <= hard) return []
  const found = `maxconn ${wanted} needs about ${wanted * 2} file descriptors, and ${hard} is the limit: HAProxy would not start`
  return [
    error(
      'limits',
      found,
      `lower maxconn to ${Math.floor(hard / 2) - 100}, or raise LimitNOFILE of its unit`,
    ),
  ]
}
