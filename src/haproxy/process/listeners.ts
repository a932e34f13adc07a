import { readdirSync, readlinkSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'

/** A TCP socket that listens on this machine (proc(5), /proc/net/tcp and tcp6). */
export type Listener = {
  /** Without brackets: `127.0.0.1`, `::1`; `0.0.0.0` and `::` mean every address. */
  readonly address: string
  readonly port: number
  readonly inode: string
}

/** Every listening TCP socket in this network namespace. */
export async function listListeners(): Promise<Listener[]> {
  const listeners: Listener[] = []
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(path, 'latin1').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state === '0A')
        listeners.push({ address: decodeAddress(address), port: Number.parseInt(port, 16), inode })
    }
  }
  return listeners
}

/** Hexadecimal in words of four bytes, each in the machine's (little-endian) order. */
function decodeAddress(hexadecimal: string): string {
  const bytes = Buffer.from(hexadecimal, 'hex').swap32()
  if (bytes.length === 4) return [...bytes].join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return normalizeV6(groups.join(':'))
}

/** The short form of an IPv6 address. */
export function normalizeV6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

/** Inodes of the sockets that a process holds; empty where it may not be looked at. */
export function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>()
  const folder = `/proc/${pid}/fd`
  for (const name of tryRead(() => readdirSync(folder)) ?? []) {
    const target = tryRead(() => readlinkSync(`${folder}/${name}`))
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

/** Undefined where a process or descriptor has gone meanwhile, or is another user's. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** `name (pid N)` of a process that holds a socket; undefined where that cannot be seen. */
export async function ownerOf(inode: string): Promise<string | undefined> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    // The look into one process is quick, into all of them not: others may run in between.
    await new Promise((resolve) => setImmediate(resolve))
    if (!socketInodes(Number(entry)).has(inode)) continue
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => 'process')
    return `${name.trim()} (pid ${entry})`
  }
  return undefined
}
