import { createServer } from 'node:net'
import { messageOf } from '../../model/errors.ts'
import { HaproxyError } from '../runtime/errors.ts'
import { listListeners, normalizeV6, ownerOf, socketInodes } from './listeners.ts'
import type { Listener } from './listeners.ts'

/** A TCP address that a `bind` line names; an empty address means every one of IPv4. */
export type Bind = { readonly address: string; readonly port: number }

/**
 * The TCP addresses of all `bind` lines (configuration.txt §4.2). Unix sockets, inherited
 * descriptors, host names and variables are left to HAProxy.
 */
export function bindsOf(config: string): Bind[] {
  const binds: Bind[] = []
  for (const match of config.matchAll(/^[ \t]*bind[ \t]+(\S+)/gm)) {
    for (const part of (match[1] ?? '').replaceAll(/["']/g, '').split(',')) {
      const bind = parseBind(part)
      if (bind !== undefined) binds.push(bind)
    }
  }
  return binds
}

/** Reads `ADDR:PORT`, `[V6]:PORT`, `*:PORT`, `:PORT`; undefined for anything else. */
export function parseBind(text: string): Bind | undefined {
  const match =
    /^(?:ipv4@|ipv6@|tcp4?6?@)?(?:\[([0-9a-fA-F:.]+)\]|([0-9.]*|\*|[0-9a-fA-F:.]*::[0-9a-fA-F:.]*?)):(\d+)$/.exec(
      text,
    )
  if (match === null) return undefined
  const address = match[1] ?? match[2] ?? ''
  const port = Number(match[3])
  if (address === '' || address === '*') return { address: '0.0.0.0', port }
  return { address: address.includes(':') ? normalizeV6(address) : address, port }
}

/**
 * Checks that each address can be bound, by listening on it for a moment without sharing it: a
 * reload whose new bind fails would stop the old worker from accepting for about two seconds.
 * Addresses that `pids` (the running HAProxy) listen on are not tried. An address in use is tried
 * again until `patienceMs` is over.
 *
 * Throws HaproxyError `address_in_use` (and by whom, where that can be seen) or `address_unavailable`.
 */
export async function probeBinds(
  binds: readonly Bind[],
  options: { readonly pids?: readonly number[]; readonly patienceMs?: number } = {},
): Promise<void> {
  if (binds.length === 0) return
  const held = await heldBy(options.pids ?? [])
  const endAt = performance.now() + (options.patienceMs ?? 0)
  for (const bind of binds) {
    if (held.some((listener) => overlaps(listener, bind))) continue
    for (;;) {
      const error = await tryListen(bind)
      if (error === undefined) break
      if (error.code !== 'EADDRINUSE' || performance.now() >= endAt)
        throw await explain(bind, error)
      await new Promise((resolve) => {
        setTimeout(resolve, 25)
      })
    }
  }
}

async function heldBy(pids: readonly number[]): Promise<Listener[]> {
  if (pids.length === 0) return []
  const inodes = new Set(pids.flatMap((pid) => [...socketInodes(pid)]))
  return (await listListeners()).filter((listener) => inodes.has(listener.inode))
}

/** Two sockets of one port that cannot be bound side by side: same address, or one is for all. */
function overlaps(listener: Listener, bind: Bind): boolean {
  if (listener.port !== bind.port) return false
  return listener.address === bind.address || isEvery(listener.address) || isEvery(bind.address)
}

function isEvery(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

function tryListen(bind: Bind): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', resolve)
    server.listen({ host: bind.address, port: bind.port, exclusive: true }, () => {
      server.close(() => resolve(undefined))
    })
  })
}

async function explain(bind: Bind, error: NodeJS.ErrnoException): Promise<HaproxyError> {
  const name = bind.address.includes(':')
    ? `[${bind.address}]:${bind.port}`
    : `${bind.address}:${bind.port}`
  if (error.code === 'EADDRINUSE') {
    const listener = (await listListeners()).find((each) => overlaps(each, bind))
    const owner = listener === undefined ? undefined : await ownerOf(listener.inode)
    return new HaproxyError(
      'address_in_use',
      `${name} is in use${owner === undefined ? '' : ` by ${owner}`}`,
      {
        hint: 'stop that program, or choose another address',
        cause: error,
      },
    )
  }
  const why =
    error.code === 'EADDRNOTAVAIL'
      ? 'is no address of this machine'
      : error.code === 'EACCES'
        ? 'may not be bound by this user (ports below 1024 need root or CAP_NET_BIND_SERVICE)'
        : `cannot be bound: ${messageOf(error)}`
  return new HaproxyError('address_unavailable', `${name} ${why}`, {
    hint: 'choose another address',
    cause: error,
  })
}
