import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { RunningServer } from '../haproxy/control.ts'
import { AttachedRecord } from '../haproxy/process/attached-record.ts'
import { isSameProcess, readRunRecord } from '../haproxy/process/run-record.ts'
import { parseServers, showServersCommand } from '../haproxy/runtime/servers.ts'
import { runCommands } from '../haproxy/runtime/socket.ts'
import { masterDialect } from '../haproxy/runtime/worker-dialects.ts'
import { answering } from './facts.ts'
import type { AdoptionFacts, DoctorFacts, SocketFacts, TextFacts } from './facts.ts'
import { keywordsOf } from './keywords.ts'

/** Whether the running state is that of the text: by the record, else by the servers read back. */
export async function collectAdoption(
  stateFolder: string,
  sockets: readonly SocketFacts[],
  text: TextFacts,
): Promise<AdoptionFacts | undefined> {
  const haproxy = answering({ sockets } as DoctorFacts)
  if (haproxy === undefined) return undefined
  const { address, observed } = haproxy
  const { pid } = observed.worker
  const attached = new AttachedRecord(join(stateFolder, 'attached.json'))
  const isRecorded =
    (await isRecordedIn(stateFolder, pid, text)) ||
    (await attached.textOf(observed.worker)) === text.text
  const options = observed.master === undefined ? {} : { dialect: masterDialect(pid) }
  const [reply = ''] = await runCommands(address, [showServersCommand()], options)
  return { isRecorded, differences: differencesOf(text.text, parseServers(reply)) }
}

async function isRecordedIn(folder: string, workerPid: number, text: TextFacts): Promise<boolean> {
  const record = await readRunRecord(join(folder, 'running.json'))
  if (record?.workerPid !== workerPid) return false
  const config = join(folder, 'haproxy.cfg')
  if (!text.paths.includes(config)) return false
  const onDisk = await readFile(config, 'utf8').catch(() => '')
  return onDisk === text.text && isSameProcess(record.masterPid, record.masterStartTicks)
}

/** Servers that one side has and the other has not, or at another address. */
export function differencesOf(
  text: string,
  running: ReadonlyMap<string, RunningServer>,
): readonly string[] {
  const written = serversOf(text)
  const differences: string[] = []
  for (const [key, address] of written.servers) {
    const server = running.get(key)
    const [host, port] = address
    if (server === undefined) differences.push(`${key} is in the text only`)
    else if (isIP(host) !== 0 && host !== server.address)
      differences.push(`${key} is at ${server.address}, not ${host}`)
    else if (port !== '' && Number(port) !== server.port)
      differences.push(`${key} is at port ${server.port}, not ${port}`)
  }
  for (const key of running.keys()) {
    const [backend = ''] = key.split('/')
    if (!written.servers.has(key) && !written.open.has(backend))
      differences.push(`${key} is in HAProxy only`)
  }
  return differences
}

type Written = {
  /** `backend/server` → host and port as written. */
  readonly servers: ReadonlyMap<string, readonly [host: string, port: string]>
  /** Backends whose servers the text does not name one by one. */
  readonly open: ReadonlySet<string>
}

function serversOf(text: string): Written {
  const servers = new Map<string, readonly [string, string]>()
  const open = new Set<string>()
  let proxy = ''
  for (const { section, words } of keywordsOf(text)) {
    const [first = '', second = '', third = ''] = words
    if (first === section) proxy = second
    if (first === 'server-template') open.add(proxy)
    if (first !== 'server' || !['backend', 'listen'].includes(section)) continue
    const [, host = '', port = ''] = /^(?:ipv[46]@)?\[?(.*?)\]?(?::(\d+))?$/.exec(third) ?? []
    servers.set(`${proxy}/${second}`, [host, port])
  }
  return { servers, open }
}
